import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { modelBytes, random, randomIn } from "../onnx_model.ts";
import { cli, inFolder, startCli } from "./run_cli.ts";

const MODEL = Uint8Array.from(modelBytes({
  inputs: { x: [1, 512] },
  outputs: { y: [1, 512] },
  initializers: { w: random([512, 512], 1), s: randomIn(0.5, 1.5, [512], 2) },
  nodes: [
    { op: "MatMul", inputs: ["x", "w"], outputs: ["m"] },
    { op: "Mul", inputs: ["m", "s"], outputs: ["y"] },
  ],
}));

/** A server on loopback that gives ranges of the model; counts the requests for all of it. */
async function served(use: (url: string, whole: () => number) => Promise<void>): Promise<void> {
  let whole = 0;
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "") ?? [], etag = '"1"';
    if (from === undefined) {
      whole++;
      return new Response(MODEL, { headers: { etag } });
    }
    const end = Math.min(Number(to) + 1, MODEL.length);
    const headers = { etag, "content-range": `bytes ${from}-${end - 1}/${MODEL.length}` };
    return new Response(MODEL.slice(Number(from), end), { status: 206, headers });
  });
  await use(`http://127.0.0.1:${server.addr.port}/net.onnx`, () => whole);
}

Deno.test("layerfuse explain of a web address loads no weights where the server gives ranges, and caches nothing", () =>
  inFolder((folder) =>
    served(async (url, whole) => {
      const { code, stdout, stderr } = await cli("explain", url, "--cache", folder, "--json");
      assertEquals([code, stderr, whole()], [0, "", 0]);
      const { applied, loaded } = JSON.parse(stdout);
      assertEquals(applied.length, 1);
      assertLess(loaded.bytes, MODEL.length / 4);
      assertEquals([...Deno.readDirSync(folder)], []);
      const text = await cli("explain", url, "--cache", folder);
      assertStringIncludes(text.stdout, "fuse-affine-into-layer");
      assertEquals(whole(), 0);
    })
  ));

Deno.test("layerfuse explain of a web address loads all of it where its hash is to be checked", () =>
  inFolder((folder) =>
    served(async (url, whole) => {
      const { code, stderr } = await cli("explain", url, "--cache", folder, "--sha256", "00".repeat(32));
      assertEquals([code, whole()], [2, 1]);
      assert(stderr.startsWith(`layerfuse: ${url}: its SHA-256 is`), stderr);
    })
  ));

Deno.test({
  name: "layerfuse explain of a web address whose server is silent ends at Ctrl-C",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using mute = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const child = startCli("explain", `http://127.0.0.1:${mute.addr.port}/net.onnx`, "--no-cache");
    using _connection = await mute.accept();
    child.kill("SIGINT");
    const { code, stderr } = await child.output();
    assertEquals([code, new TextDecoder().decode(stderr)], [
      130,
      "layerfuse: interrupted by SIGINT: nothing was written.\n",
    ]);
  },
});
