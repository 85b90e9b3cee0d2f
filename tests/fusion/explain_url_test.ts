import { assert, assertEquals, assertRejects } from "@std/assert";
import { explain, fuse, open } from "../../src/fusion/mod.ts";
import { DownloadError, ModelFormatError } from "../../src/io/errors.ts";
import { RangeSource } from "../../src/io/range_source.ts";
import { build } from "../../src/models/mod.ts";
import { fusionText } from "../../src/plot/fusion_text.ts";

const MODEL = Uint8Array.from(await (await build("resnet18")).bytes());

type Answer = (request: Request, range: [number, number] | undefined) => Response;

/** A server on loopback with the model; `answer` gets the range that is asked for. */
async function served(answer: Answer, use: (url: URL, requests: Request[]) => Promise<void>): Promise<void> {
  const requests: Request[] = [];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    requests.push(request);
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "") ?? [];
    return answer(request, from === undefined ? undefined : [Number(from), Math.min(Number(to), MODEL.length - 1)]);
  });
  await use(new URL(`http://127.0.0.1:${server.addr.port}/resnet18.onnx`), requests);
}

/** The bytes that are asked for, of a version. */
function part([from, to]: [number, number], etag = '"1"'): Response {
  const headers = { "content-range": `bytes ${from}-${to}/${MODEL.length}`, etag };
  return new Response(MODEL.slice(from, to + 1), { status: 206, headers });
}

Deno.test("explain() of a web address loads the skeleton and small weights where the server gives ranges", async () => {
  await served((_, range) => part(range!), async (url, requests) => {
    const { loaded, ...report } = await explain(url, { cache: false });
    assertEquals(report, await explain(await open(MODEL)));
    assert(loaded!.of === MODEL.length && loaded!.bytes < MODEL.length / 4, JSON.stringify(loaded));
    assert(requests.length < 60, `${requests.length} requests`);
    assert(fusionText({ loaded, ...report }).includes("is found out when the model is fused"));
  });
});

Deno.test("explain() of a web address loads all of it where the server gives no ranges, or a hash is to be checked", async () => {
  await served(() => new Response(MODEL), async (url) => {
    assertEquals(await explain(url, { cache: false }), await explain(await open(MODEL)));
  });
  await served((_, range) => range ? part(range) : new Response(MODEL), async (url, requests) => {
    const { message } = await assertRejects(
      () => explain(url, { cache: false, sha256: "00".repeat(32) }),
      DownloadError,
    );
    assert(message.includes("its SHA-256 is"), message);
    assertEquals(requests.filter(({ headers }) => headers.has("range")).length, 0);
  });
});

Deno.test("explain() says that a file changed while its ranges were read, and that a server sent too little", async () => {
  let count = 0;
  await served((_, range) => part(range!, `"${++count}"`), async (url) => {
    const { message } = await assertRejects(() => explain(url, { cache: false }), DownloadError);
    assertEquals(message, `${url.href}: changed while it was read. Try again.`);
  });
  const short: Answer = (_, [from, to] = [0, 0]) => part([from, Math.max(from, to - 1)]);
  await served(short, async (url) => {
    const { message } = await assertRejects(() => explain(url, { cache: false }), DownloadError);
    assert(message.includes("bytes, asked for"), message);
  });
});

Deno.test("explain() says of a web address that ends too early that it is truncated, and asks no further", async () => {
  const size = MODEL.length - 1000, headers = { etag: '"1"' };
  const cut: Answer = (_, [from, to] = [0, 0]) =>
    new Response(MODEL.slice(from, Math.min(to + 1, size)), {
      status: 206,
      headers: { ...headers, "content-range": `bytes ${from}-${Math.min(to, size - 1)}/${size}` },
    });
  await served(cut, async (url) => {
    const { message } = await assertRejects(() => explain(url, { cache: false }), ModelFormatError);
    assert(message.startsWith(`${url.href}: not a whole ONNX model`), message);
  });
});

Deno.test("a source of ranges refuses what lies behind its end, and loads nothing for it", async () => {
  await served((_, range) => part(range!), async (url, requests) => {
    const source = (await RangeSource.open(url))!;
    for (const offset of [MODEL.length - 4, MODEL.length + (1 << 20)]) {
      await assertRejects(
        () => source.loading(() => source.read(offset, new Uint8Array(8))),
        ModelFormatError,
        "truncated",
      );
    }
    assertEquals(requests.length, 1);
  });
});

Deno.test("explain() takes a model that was downloaded before from the cache", async () => {
  const cache = await Deno.makeTempDir();
  try {
    const answer: Answer = (request, range) =>
      range
        ? part(range)
        : request.headers.get("if-none-match") === '"1"'
        ? new Response(null, { status: 304 })
        : new Response(MODEL, { headers: { etag: '"1"', "content-length": String(MODEL.length) } });
    await served(answer, async (url, requests) => {
      await fuse(url, { cache });
      assertEquals((await explain(url, { cache })).loaded, undefined);
      assertEquals(requests.filter(({ headers }) => headers.has("range")).length, 0);
    });
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
});

Deno.test("explain() hears a server no further that sends more than the range it was asked for", async () => {
  let sent = 0;
  const endless: Answer = (_, range) =>
    new Response(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(MODEL.slice(0, 1 << 16));
          sent += 1 << 16;
        },
      }),
      { status: 206, headers: { etag: '"1"', "content-range": `bytes 0-${range![1]}/${MODEL.length}` } },
    );
  await served(endless, async (url) => {
    const { message } = await assertRejects(() => explain(url, { cache: false }), DownloadError);
    assertEquals(message, `${url.href}: the server sent more bytes, asked for 16384.`);
  });
  assert(sent < 1 << 24, `${sent} bytes were sent`);
});

Deno.test("explain() takes no model from a server that is larger than it may be", async () => {
  await served((_, range) => part(range!), async (url, requests) => {
    const { message } = await assertRejects(() => explain(url, { cache: false, maxBytes: 1e6 }), DownloadError);
    assertEquals(message, `${url.href}: ${MODEL.length} bytes, more than 1000000 are not taken.`);
    assertEquals(requests.length, 1);
  });
});
