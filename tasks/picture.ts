/**
 * `deno task picture`: draws the README's picture, one block of the RepVGG fixture before and after fusion.
 *
 * @module
 */
import { fuse, open } from "../mod.ts";
import { fusionPicture, savePlot } from "../src/plot/mod.ts";
import { root } from "./root.ts";

const before = await open(new URL("tests/fixtures/fashion_repvgg.onnx", root));
const { model: after, report } = await fuse(before);
const merged = report.applied.findLastIndex(({ rule }) => rule === "merge-parallel-layers");
await savePlot(fusionPicture(before, after, report, { rewrite: merged, width: 720 }), new URL("docs/fusion.svg", root));
