/** Builds ResNet-152 and saves it (231 MB), and prints the most memory the process held, in MB. */
import { readFileSync } from "node:fs";
import { build } from "../../src/models/mod.ts";

await (await build("resnet152")).save(Deno.args[0]);
const [, kilobytes] = /VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))!;
console.log(JSON.stringify({ bytes: (await Deno.stat(Deno.args[0])).size, peakMB: Number(kilobytes) / 1024 }));
