// Verifies the receipt of an erasure in the browser: a JWS, signed by Ed25519 (RFC 8037).
import { Problem } from "./problem.js";

const raw = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const parsed = (part) => JSON.parse(new TextDecoder().decode(raw(part)));

/** verify returns what the receipt says, if one of the keys has signed it; else it throws. */
export async function verify(receipt, { keys }) {
  const [header, payload, signature] = receipt.split(".");
  const { alg, kid } = parsed(header);
  const key = keys.find((one) => one.kid === kid);
  if (alg !== "EdDSA" || !key) throw new Problem("receipt_invalid");
  const imported = await crypto.subtle.importKey("jwk", { kty: key.kty, crv: key.crv, x: key.x }, { name: "Ed25519" }, false, ["verify"]);
  const signed = new TextEncoder().encode(`${header}.${payload}`);
  if (!(await crypto.subtle.verify({ name: "Ed25519" }, imported, raw(signature), signed))) throw new Problem("receipt_invalid");
  return parsed(payload);
}
