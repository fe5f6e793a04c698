import createClient, { type Client, type Middleware } from "openapi-fetch";

import type { components, paths } from "./schema.js";

export type Scan = components["schemas"]["Scan"];
export type Problem = components["schemas"]["Problem"];
export type FaceScan = Client<paths>;

/** An answer of the API that refuses. Compare the code. */
export class Refusal extends Error {
  override name = "Refusal";

  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    /** Seconds to wait before the next try, 0 if the answer names none. */
    readonly retryAfter: number,
    readonly problem?: Problem,
  ) {
    super(detail);
  }
}

/** Makes a client of the API at the base address. The token is asked for with each request. */
export function faceScan(baseUrl: string, token?: () => Promise<string>): FaceScan {
  const client = createClient<paths>({ baseUrl });
  const signed: Middleware = {
    async onRequest({ request }) {
      if (token) request.headers.set("Authorization", `Bearer ${await token()}`);
      return request;
    },
    async onResponse({ response }) {
      if (response.ok || response.status === 304) return undefined;
      throw await refusal(response);
    },
  };
  client.use(signed);
  return client;
}

/** Reads a refusal. A proxy on the way may have answered, with another body. */
async function refusal(response: Response): Promise<Refusal> {
  const retryAfter = Number(response.headers.get("Retry-After")) || 0; // a proxy may name a date
  if (!response.headers.get("Content-Type")?.startsWith("application/problem+json")) {
    const code = response.status === 429 ? "rate_limited" : "unavailable";
    return new Refusal(response.status, code, `status ${response.status}`, retryAfter);
  }
  const problem = (await response.json()) as Problem;
  return new Refusal(response.status, problem.code, problem.detail ?? problem.title, retryAfter, problem);
}

/** Returns what an answer has; a refusal was thrown before. */
export function got<T>(answer: { data?: T }): T {
  if (answer.data === undefined) throw new Error("the answer has no body");
  return answer.data;
}

/** Opens a scan and uploads the photo. The same key finds the same scan, so it may be repeated. */
export async function upload(api: FaceScan, photo: Blob, key: string): Promise<string> {
  const contentType = photo.type as "image/jpeg" | "image/png" | "image/webp";
  const opened = got(
    await api.POST("/v1/uploads", { params: { header: { "Idempotency-Key": key } }, body: { contentType } }),
  );
  if (opened.upload) {
    const { url, method, headers } = opened.upload;
    const put = await fetch(url, { method, headers, body: photo });
    if (!put.ok && put.status !== 412) throw new Error(`the photo was not taken: ${put.status}`);
  }
  return opened.scan.id;
}

/** Waits until the scan has ended. */
export async function result(api: FaceScan, id: string): Promise<Scan> {
  let since: number | undefined;
  for (;;) {
    const query = since === undefined ? { wait: 25 } : { wait: 25, since };
    const scan = got(await api.GET("/v1/scans/{id}", { params: { path: { id }, query } }));
    if (scan.state === "completed" || scan.state === "failed" || scan.state === "expired") return scan;
    since = scan.revision;
  }
}
