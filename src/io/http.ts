import { DownloadError } from "./errors.ts";

const MOST_REDIRECTS = 10;

/** Asks for a URL, following redirects, which are counted. Throws a {@link DownloadError} where no answer comes. */
export async function request(url: URL, given: HeadersInit, signal?: AbortSignal): Promise<Response> {
  let at = url;
  for (let count = 0; count <= MOST_REDIRECTS; count++) {
    // an encoded body has another length than the file
    const headers = new Headers(given);
    headers.set("accept-encoding", "identity");
    const init = { headers, redirect: "manual" as const, signal };
    const response = await fetch(at, init).catch((error) => {
      throw signal?.aborted ? signal.reason : new DownloadError(url.href, reasonOf(error), { cause: error });
    });
    const location = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || response.status === 304 || !location) return response;
    await response.body?.cancel();
    at = new URL(location, at);
    if (!/^https?:$/.test(at.protocol)) {
      throw new DownloadError(url.href, `leads to ${at.href}, which is no web address.`);
    }
  }
  throw new DownloadError(url.href, `was redirected more than ${MOST_REDIRECTS} times.`);
}

function reasonOf(error: Error): string {
  const { cause, message } = error;
  const reason = cause instanceof Error ? cause.message : message;
  return `cannot be reached (${reason.replace(/^error sending request for url \([^)]*\):? ?/, "") || message}).`;
}
