/** Run by memory_test.ts in a process of its own: 200 comparisons, ten openings of two sessions each, and the
 * resident memory after the 100th, when the JavaScript heap has found its size, and after the last. */
import { compare } from "../../src/bench/mod.ts";

const path = new URL("../fixtures/fashion_autoencoder.onnx", import.meta.url);
const rss: number[] = [];
for (let count = 1; count <= 200; count++) {
  await compare(path, path, { seconds: 0.02, minRounds: 3, levels: ["all"], profile: false, isolate: false });
  if (count % 100 !== 0) continue;
  (globalThis as { gc?: () => void }).gc?.();
  rss.push(Deno.memoryUsage().rss);
}
console.log(JSON.stringify(rss));
