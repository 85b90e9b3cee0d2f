/**
 * `deno task playground [FOLDER]`: one static page, `playground/site/index.html`, that fuses a model in the browser, and beside it
 * `runtime.js`, what times models with ONNX Runtime for browsers inside, loaded when times are asked for. It needs no server.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import * as esbuild from "esbuild";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { PAGE_STYLE } from "../../src/plot/page_style.ts";
import { root } from "../root.ts";
import { browserScript, LEFT_ALONE } from "./browser.ts";

/** The rewriter alone, gzipped, may be this large. */
export const MOST_FUSION_BYTES = 100_000;

/** Length of a text as `gzip -9` makes it. */
export function gzippedLength(text: string): number {
  return gzipSync(text, { level: 9 }).length;
}

/** A script inside a page must not end it. */
function inlined(script: string): string {
  return script.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
}

/** Writes the page into a folder; gives the rewriter's gzipped length. Throws where that is too long. */
export async function writePlayground(folder: string): Promise<number> {
  const own = (name: string) => fileURLToPath(new URL(`playground/${name}`, root));
  const fusion = await browserScript(own("fusion.ts"));
  const app = await browserScript(own("app.ts"), { LEFT_ALONE: JSON.stringify(LEFT_ALONE) });
  const length = gzippedLength(fusion);
  if (length > MOST_FUSION_BYTES) {
    throw new Error(`the rewriter has ${length} bytes gzipped, more than ${MOST_FUSION_BYTES}`);
  }
  await import("onnxruntime-web/wasm"); // then it is in Deno's cache
  const wasm = await Deno.readFile(new URL("ort-wasm-simd-threaded.wasm", import.meta.resolve("onnxruntime-web/wasm")));
  const timer = await browserScript(own("timer.ts"), {
    WASM_BASE64: JSON.stringify(Buffer.from(wasm).toString("base64")),
  });
  await esbuild.stop();
  const parts: Record<string, string> = { STYLE: PAGE_STYLE, FUSION: inlined(fusion), APP: inlined(app) };
  const page = (await Deno.readTextFile(own("page.html"))).replaceAll(
    /\/\*(STYLE|FUSION|APP)\*\//g,
    (_, name) => parts[name],
  );
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/index.html`, page);
  // a page from a file share may load a script, but not start a thread with one: it starts a thread with this function's text
  await Deno.writeTextFile(`${folder}/runtime.js`, `globalThis.layerfuseTimer = function () {\n${timer}\n};\n`);
  return length;
}

if (import.meta.main) {
  const folder = Deno.args[0] ?? fileURLToPath(new URL("playground/site", root));
  const length = await writePlayground(folder);
  console.log(
    `${folder}/index.html: open it in a browser. The rewriter alone has ${(length / 1000).toFixed(1)} kB gzipped.`,
  );
}
