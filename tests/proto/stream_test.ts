import { assertEquals } from "@std/assert";
import type { Segment } from "../../src/proto/encode.ts";
import { streamed } from "../../src/proto/stream.ts";
import { BytesSource } from "../../src/io/source.ts";
import { concat } from "../../src/proto/wire.ts";

/** Bytes that differ wherever a chunk may begin. */
function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at >>> 8) * 31 + at * 7 + seed);
}

/** What computes bytes in one buffer that it uses for every chunk. */
function computed(bytes: Uint8Array, size: number): Segment {
  return {
    kind: "raw_data",
    length: bytes.length,
    origin: undefined,
    *chunks() {
      const buffer = new Uint8Array(size);
      for (let at = 0; at < bytes.length; at += size) {
        const part = bytes.subarray(at, at + size);
        buffer.set(part);
        yield buffer.subarray(0, part.length);
      }
    },
  };
}

Deno.test("streamed() gives bytes, ranges and computed data one after another, each chunk as it is until the one after the next", () => {
  const parts = [0, 3, 70_000, 600_000, 1, 300_000, 262_144].map(pattern);
  const range = { source: new BytesSource(parts[3]), offset: 5, length: 599_990 };
  const segments: Segment[] = [
    ...parts.slice(0, 3),
    { kind: "raw_data", range },
    computed(parts[4], 4),
    computed(parts[5], 100_000),
    computed(parts[6], 262_144),
  ];
  const expected = concat([...parts.slice(0, 3), parts[3].subarray(5, 599_995), ...parts.slice(4)]);
  const taken: Uint8Array[] = [];
  let last: Uint8Array | undefined;
  for (const chunk of streamed(segments)) {
    if (last) taken.push(last.slice()); // only now that the next one is made
    last = chunk;
  }
  taken.push(last!);
  assertEquals(concat(taken), expected);
});

Deno.test("streamed() gives nothing of nothing", () => {
  assertEquals([...streamed([])], []);
  assertEquals([...streamed([new Uint8Array()])], []);
});
