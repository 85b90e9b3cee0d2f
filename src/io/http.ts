import { codeOf, DownloadError } from "./errors.ts";

const MOST_REDIRECTS = 10;
/** How long to wait for an answer, and for its next bytes. */
const WAIT_MS = 60_000;

/** How a server is asked. */
export interface RequestOptions {
  /** Headers. */
  readonly headers?: HeadersInit;
  /** Aborting it ends the request, and the reading of the answer. */
  readonly signal?: AbortSignal;
  /** How long a server may be silent, default a minute. */
  readonly wait?: number;
}

/**
 * Asks for a URL, following redirects, which are counted. Throws a {@link DownloadError} where no answer comes, or none within a
 * minute.
 */
export async function request(
  url: URL,
  { headers: given, signal, wait = WAIT_MS }: RequestOptions = {},
): Promise<Response> {
  let at = url;
  for (let count = 0; count <= MOST_REDIRECTS; count++) {
    // an encoded body has another length than the file
    const headers = new Headers(given);
    headers.set("accept-encoding", "identity");
    const silence = new AbortController(), timer = setTimeout(() => silence.abort(), wait);
    const init = {
      headers,
      redirect: "manual" as const,
      signal: AbortSignal.any([silence.signal, ...signal ? [signal] : []]),
    };
    const response = await fetch(at, init).catch((error) => {
      if (signal?.aborted) throw signal.reason;
      throw silence.signal.aborted ? silent(url, wait) : new DownloadError(url.href, reasonOf(error), { cause: error });
    }).finally(() => clearTimeout(timer));
    const location = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || response.status === 304 || !location) return response;
    await response.body?.cancel();
    const next = URL.canParse(location, at.href) ? new URL(location, at) : undefined; // Node 20 has no URL.parse
    if (!next || !/^https?:$/.test(next.protocol)) {
      throw new DownloadError(url.href, `leads to ${next?.href ?? `'${location}'`}, which is no web address.`);
    }
    at = next;
  }
  throw new DownloadError(url.href, `was redirected more than ${MOST_REDIRECTS} times.`);
}

/**
 * The bytes of an answer as they come. Who takes no more of them ends the answer. Throws a {@link DownloadError} where the server is
 * silent for a minute, and what the connection throws where it breaks.
 */
export async function* bytesOf(response: Response, url: URL, wait: number = WAIT_MS): AsyncGenerator<Uint8Array, void> {
  const reader = response.body?.getReader();
  if (!reader) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      const silence = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(silent(url, wait)), wait);
      });
      const { done, value } = await Promise.race([reader.read(), silence]).finally(() => clearTimeout(timer));
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {}); // not waited for: a silent server does not answer this either
  }
}

/** Whether an error in taking a body is the connection's, which may be tried again, and not that of a file it is written to. */
export function isBrokenConnection(error: unknown): boolean {
  return /^(ECONN|EPIPE|ETIMEDOUT|UND_ERR)/.test(codeOf(error) ?? "ECONN");
}

function silent(url: URL, wait: number): DownloadError {
  return new DownloadError(url.href, `the server sent nothing for ${wait / 1000} s.`);
}

function reasonOf(error: Error): string {
  const { cause, message } = error;
  const reason = cause instanceof Error ? cause.message : message;
  return `cannot be reached (${reason.replace(/^error sending request for url \([^)]*\):? ?/, "") || message}).`;
}
