/** Saves ResNet-101 (178 MB) without statistics, and prints the bytes written and the most memory the process held, in MB. */
import { readFileSync } from "node:fs";
import { assemble } from "../../src/models/build.ts";

await assemble("resnet101", 0, new Map()).save(Deno.args[0]);
const [, kilobytes] = /VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))!;
console.log(JSON.stringify({ bytes: (await Deno.stat(Deno.args[0])).size, peakMB: Number(kilobytes) / 1024 }));
