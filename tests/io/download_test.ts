import { assert, assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { download, type DownloadOptions } from "../../src/io/download.ts";
import { DownloadError, FileError } from "../../src/io/errors.ts";

const BODY = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7) % 251);
const HASH = createHash("sha256").update(BODY).digest("hex");

/** A server on loopback and an empty cache; `answer` gets the request and its number. */
async function served(
  answer: (request: Request, number: number) => Response,
  use: (get: (options?: DownloadOptions) => Promise<string>, url: URL, requests: Request[]) => Promise<void>,
): Promise<void> {
  const requests: Request[] = [];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    requests.push(request);
    return answer(request, requests.length);
  });
  const cache = await Deno.makeTempDir(), url = new URL(`http://127.0.0.1:${server.addr.port}/weights.pth`);
  try {
    await use((options) => download(url, { cache, ...options }), url, requests);
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

const headers = { etag: '"1"', "content-length": String(BODY.length) };

/** A body that breaks after `length` bytes. */
function broken(from: number, length: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(BODY.slice(from, from + length)),
    pull: (controller) => controller.error(new Error("cut")),
  }, { highWaterMark: 0 });
}

function ranged(request: Request): number {
  return Number(/^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1] ?? 0);
}

Deno.test("download() keeps the file, and asks no more where its hash is known", async () => {
  await served(() => new Response(BODY, { headers }), async (get, _url, requests) => {
    const progress: number[] = [];
    const path = await get({ sha256: HASH.slice(0, 8), onProgress: (bytes) => progress.push(bytes) });
    assertEquals(await Deno.readFile(path), BODY);
    assertEquals(progress.at(-1), BODY.length);
    assert(path.endsWith("/weights.pth"));
    assertEquals(await get({ sha256: HASH.slice(0, 8) }), path);
    assertEquals(requests.length, 1);
  });
});

Deno.test("download() asks whether the file is the same where no hash is known", async () => {
  const answer = (request: Request) =>
    request.headers.get("if-none-match") === '"1"'
      ? new Response(null, { status: 304 })
      : new Response(BODY, { headers });
  await served(answer, async (get, _url, requests) => {
    assertEquals(await get(), await get());
    assertEquals(requests.map((request) => request.headers.get("if-none-match")), [null, '"1"']);
  });
});

Deno.test("download() takes up a connection where it broke", async () => {
  const answer = (request: Request, number: number) => {
    const from = ranged(request), left = { ...headers, "content-length": String(BODY.length - from) };
    return number < 3
      ? new Response(broken(from, 100_000), { status: from ? 206 : 200, headers: left })
      : new Response(BODY.slice(from), { status: 206, headers: left });
  };
  await served(answer, async (get, _url, requests) => {
    assertEquals(await Deno.readFile(await get({ sha256: HASH })), BODY);
    assert(requests.length >= 2);
    assert(requests.slice(1).every((request) => ranged(request) > 0 && request.headers.get("if-range") === '"1"'));
  });
});

Deno.test("download() begins anew where the file changed between two tries", async () => {
  const answer = (_request: Request, number: number) =>
    number === 1
      ? new Response(broken(0, 100_000), { headers })
      : new Response(BODY, { headers: { ...headers, etag: '"2"' } });
  await served(answer, async (get) => assertEquals(await Deno.readFile(await get()), BODY));
});

Deno.test("download() that never gets further says so, and keeps what came", async () => {
  const answer = (request: Request) => {
    const from = ranged(request);
    return from
      ? new Response(broken(from, 0), { status: 206, headers })
      : new Response(broken(0, 100_000), { headers });
  };
  await served(answer, async (get, url) => {
    const error = await assertRejects(() => get(), DownloadError, "the connection broke after 100000 bytes");
    assert(error.message.startsWith(url.href));
  });
});

Deno.test("download() throws away a file with another hash", async () => {
  await served(() => new Response(BODY, { headers }), async (get, url) => {
    const wrong = "0123abcd";
    const error = await assertRejects(
      () => get({ sha256: wrong }),
      DownloadError,
      `its SHA-256 is ${HASH}, expected ${wrong}`,
    );
    assert(error.message.startsWith(url.href));
    const folder = await get().then((path) => join(path, ".."));
    assertEquals((await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).toSorted(), [
      "weights.pth",
      "weights.pth.json",
    ]);
  });
});

Deno.test("download() loads a file again whose bytes in the cache are damaged", async () => {
  await served(() => new Response(BODY, { headers }), async (get, _url, requests) => {
    const path = await get({ sha256: HASH });
    await Deno.writeFile(path, new Uint8Array(10));
    assertEquals(await Deno.readFile(await get({ sha256: HASH })), BODY);
    assertEquals(requests.length, 2);
  });
});

Deno.test("download() refuses an answer that is no success, or one to a question that was not asked", async () => {
  for (const status of [404, 206, 304, 204]) {
    const body = status === 304 || status === 204 ? null : BODY.slice(0, 100);
    await served(() => new Response(body, { status, headers: { etag: '"1"' } }), async (get, url) => {
      const { message } = await assertRejects(() => get(), DownloadError);
      assert(message.startsWith(`${url.href}: the server answered ${status} `), message);
      await assertRejects(() => get(), DownloadError, `answered ${status}`); // nothing of it was kept as the file
    });
  }
});

Deno.test("download() takes no more bytes than it may, whether the server says how many or not", async () => {
  await served(() => new Response(BODY, { headers }), async (get) => {
    await assertRejects(() => get({ maxBytes: 1000 }), DownloadError, "300000 bytes, more than 1000 are not taken");
  });
  const endless = () => new Response(new ReadableStream({ pull: (controller) => controller.enqueue(BODY) }));
  await served(endless, async (get) => {
    await assertRejects(() => get({ maxBytes: 1_000_000 }), DownloadError, "more than 1000000 are not taken");
  });
});

Deno.test("download() of a server that cannot be reached names the URL", async () => {
  const cache = await Deno.makeTempDir();
  try {
    const url = new URL("http://127.0.0.1:9/weights.pth");
    const error = await assertRejects(() => download(url, { cache }), DownloadError);
    assert(error.message.startsWith(url.href));
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
});

Deno.test("download() can be aborted", async () => {
  const endless = () =>
    new Response(new ReadableStream({ pull: (controller) => controller.enqueue(BODY.slice(0, 1000)) }));
  await served(endless, async (get) => {
    const abort = new AbortController();
    await assertRejects(() => get({ signal: abort.signal, onProgress: () => abort.abort() }), DOMException);
  });
});

Deno.test("download() follows redirects, and not for ever", async () => {
  const moved = (request: Request) => {
    const at = Number(new URL(request.url).searchParams.get("at"));
    if (at === 5) return new Response(BODY, { headers });
    return new Response(null, { status: 302, headers: { location: `/weights.pth?at=${at + 1}` } });
  };
  await served(moved, async (get, _url, requests) => {
    assertEquals(await Deno.readFile(await get()), BODY);
    assertEquals(requests.length, 6);
  });
  const circle = () => new Response(null, { status: 302, headers: { location: "/weights.pth" } });
  await served(circle, async (get, url) => {
    const error = await assertRejects(() => get(), DownloadError, "redirected more than 10 times");
    assert(error.message.startsWith(url.href));
  });
  const nowhere = () => new Response(null, { status: 302, headers: { location: "http://[" } });
  await served(nowhere, async (get, url) => {
    const error = await assertRejects(() => get(), DownloadError, "leads to 'http://[', which is no web address");
    assert(error.message.startsWith(url.href));
  });
  const away = () => new Response(null, { status: 302, headers: { location: "file:///etc/passwd" } });
  await served(away, async (get) => {
    await assertRejects(() => get(), DownloadError, "file:///etc/passwd, which is no web address");
  });
});

Deno.test("download() refuses a range it did not ask for", async () => {
  const answer = (request: Request, number: number) =>
    number === 1 ? new Response(broken(0, 100_000), { headers }) : new Response(BODY.slice(ranged(request) + 1), {
      status: 206,
      headers: { "content-range": `bytes ${ranged(request) + 1}-${BODY.length - 1}/${BODY.length}` },
    });
  await served(answer, async (get) => {
    await assertRejects(
      () => get(),
      DownloadError,
      "the server sent bytes from 100001 on, asked for those from 100000",
    );
  });
});

Deno.test("two downloads of one file at a time do not mix: the second says that it is under way", async () => {
  const slow = () =>
    new Response(
      new ReadableStream({
        async start(controller) {
          for (let at = 0; at < BODY.length; at += 50_000) {
            controller.enqueue(BODY.slice(at, at + 50_000));
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
          controller.close();
        },
      }),
      { headers },
    );
  await served(slow, async (get) => {
    const results = await Promise.allSettled([get(), get()]);
    const [refused] = results.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
    assert(refused.reason instanceof DownloadError && refused.reason.message.includes("another process"));
    const [whole] = results.filter(({ status }) => status === "fulfilled") as PromiseFulfilledResult<string>[];
    assertEquals(await Deno.readFile(whole.value), BODY);
  });
});

/** A body that begins and says no more. */
function stalled(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.enqueue(BODY.slice(0, 1000)) });
}

Deno.test("download() waits no longer than a while for a server that is silent, before or within its answer", async () => {
  const cache = await Deno.makeTempDir();
  using mute = Deno.listen({ hostname: "127.0.0.1", port: 0 }); // connections wait in its queue
  try {
    const url = new URL(`http://127.0.0.1:${mute.addr.port}/weights.pth`);
    const error = await assertRejects(() => download(url, { cache }, 50), DownloadError);
    assertEquals(error.message, `${url.href}: the server sent nothing for 0.05 s.`);
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
  await served(() => new Response(stalled(), { headers }), async (_, url) => {
    const cache = await Deno.makeTempDir();
    try {
      await assertRejects(() => download(url, { cache }, 200), DownloadError, "the server sent nothing for 0.2 s");
    } finally {
      await Deno.remove(cache, { recursive: true });
    }
  });
});

Deno.test("download() says of its own file that it cannot be written, and not that the connection broke", async () => {
  await served(() => new Response(BODY, { headers }), async (get, _url, requests) => {
    const path = await get();
    await Deno.remove(path);
    await Deno.mkdir(`${path}.part`);
    const { message } = await assertRejects(() => get(), FileError);
    assert(message.startsWith(`${path}.part: cannot be written`), message);
    assertEquals(requests.length, 1 + 1);
  });
});

Deno.test("download() keeps a file whose name on the server is longer than a name may be", async () => {
  await served(() => new Response(BODY, { headers }), async (_get, url, _requests) => {
    const cache = await Deno.makeTempDir();
    try {
      const path = await download(new URL(`/${"long".repeat(100)}.pth`, url), { cache });
      assert(path.endsWith("long.pth"));
      assertEquals(await Deno.readFile(path), BODY);
    } finally {
      await Deno.remove(cache, { recursive: true });
    }
  });
});
