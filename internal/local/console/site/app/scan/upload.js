// Puts a photo straight to Cloud Storage by a ticket. The key makes a repetition harmless: the same
// key is the same scan, and Storage answers 412 when the photo is there.
import { persist, post } from "../core/api.js";
import { Problem } from "../core/problem.js";

/** open opens the scan of the key, and returns it with a ticket if it awaits its photo. */
const open = ({ key, photo, announced }, signal) =>
  post("/v1/uploads", { contentType: photo.type, ...announced }, { signal, headers: { "Idempotency-Key": key } });

/** send puts the photo by the ticket, and tells how much of it is there. XMLHttpRequest is what tells. */
function send(ticket, photo, { signal, sent } = {}) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open(ticket.method, ticket.url);
    for (const [name, value] of Object.entries(ticket.headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => sent?.(event.loaded, event.total);
    request.onload = () => {
      if (request.status === 200 || request.status === 412) done();
      else failed(new Problem("not_taken", { status: request.status }));
    };
    request.onerror = () => failed(new Problem("unreachable"));
    request.onabort = () => failed(signal.reason);
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(photo);
  });
}

/** upload brings the photo of the entry to Storage, whatever happens to the network, and returns the
 * scan. opened and sent tell how far it is, waiting why it is not going on. */
export function upload(entry, { signal, opened, sent, waiting } = {}) {
  return persist(async () => {
    const { scan, upload: ticket } = await open(entry, signal);
    opened?.(scan);
    if (ticket) {
      if (entry.photo.size > ticket.maxBytes) throw new Problem("photo_too_large");
      await send(ticket, entry.photo, { signal, sent });
    }
    return scan;
  }, { signal, waiting });
}

/** deliver puts the photo by the ticket, and by a fresh one of renew where that is of no use. */
export function deliver(ticket, photo, { renew, ...options }) {
  let present = ticket;
  return persist(async () => {
    if (!present) return;
    try {
      await send(present, photo, options);
    } catch (fault) {
      if (fault.code === "not_taken") present = await renew();
      throw fault;
    }
  }, options);
}
