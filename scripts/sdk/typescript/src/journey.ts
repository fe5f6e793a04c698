// A user's whole way, from the sign-up to the erasure: `node dist/journey.js API PHOTO.jpg EMAIL`.
import { faceScan, got, Refusal, result, upload } from "./client.js";

declare const process: { argv: string[] };
const { readFile } = (await import("node:fs/promises" as string)) as {
  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;
};

const [base = "", photoFile = "", email = ""] = process.argv.slice(2);
const anonymous = faceScan(base);
const session = got(await anonymous.POST("/v1/auth/signup", { body: { email, password: "correct horse" } }));
const api = faceScan(base, async () => session.idToken);

try {
  await api.GET("/v1/me");
  throw new Error("a user is there who never registered");
} catch (refused) {
  if (!(refused instanceof Refusal) || refused.code !== "not_registered") throw refused;
}
await api.POST("/v1/auth/register", { body: { displayName: "Ada", locale: "en" } });
await api.PATCH("/v1/me", { body: { birthYear: 1990 } });
const consent = got(await api.GET("/v1/me/consent"));
await api.POST("/v1/me/consent", { body: { version: consent.current.version, appVersion: "1.0.0" } });

const photo = new Blob([await readFile(photoFile)], { type: "image/jpeg" });
const id = await upload(api, photo, "journey-1");
if ((await upload(api, photo, "journey-1")) !== id) throw new Error("the same key found another scan");
const scan = await result(api, id);
if (scan.state !== "completed" || !scan.result) throw new Error(`the scan is ${scan.state}`);
const { score } = scan.result;
console.log(`score ${score.value}, ${score.lo} to ${score.hi}`);

const images = got(await api.GET("/v1/scans/{id}/images", { params: { path: { id } } }));
for (const image of images.items) {
  if (!(await fetch(image.url)).ok) throw new Error(`${image.name} is not to be had`);
}
const list = got(await api.GET("/v1/scans", { params: { query: { limit: 10, state: "completed" } } }));
if (list.items[0]?.id !== id) throw new Error("the scan is not in the list");
await api.GET("/v1/timeline");
await api.PUT("/v1/devices/{id}", { params: { path: { id: "phone-1" } }, body: { token: "fcm:journey", platform: "web" } });
await api.GET("/v1/inbox");
await api.DELETE("/v1/scans/{id}", { params: { path: { id } } });
let taken = got(await api.POST("/v1/me/export"));
while (taken.state === "queued") {
  taken = got(await api.GET("/v1/me/export", { params: { query: { wait: 25 } } }));
}
if (taken.state !== "ready") throw new Error(`the export is ${taken.state}`);
const erasure = got(await api.DELETE("/v1/me"));
console.log(`erased; receipt ${new URL(erasure.receiptUrl, base).pathname.split("/")[3]}`);
