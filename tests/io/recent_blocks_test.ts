import { assertEquals, assertThrows } from "@std/assert";
import { readRecent } from "../../src/io/recent_blocks.ts";

/** A file of 4-byte numbers, each where it stands; says which reads were made. */
function numbers(size: number) {
  const owner = {}, reads: [offset: number, length: number][] = [];
  const read = (offset: number, into: Uint8Array) => {
    reads.push([offset, into.length]);
    const view = new DataView(into.buffer, into.byteOffset, into.length);
    for (let at = 0; at < into.length; at += 4) view.setUint32(at, offset + at);
  };
  const at = (offset: number) => {
    const into = new Uint8Array(4);
    return readRecent(owner, size, offset, into, read) ? new DataView(into.buffer).getUint32(0) : undefined;
  };
  return { owner, reads, at };
}

const BLOCK = 1 << 14;

Deno.test("readRecent() reads a block once while few others are asked for, of whatever file", () => {
  const files = [numbers(4 * BLOCK), numbers(4 * BLOCK)];
  for (let round = 0; round < 3; round++) {
    for (const { at } of files) assertEquals([at(8), at(BLOCK - 4), at(2 * BLOCK)], [8, BLOCK - 4, 2 * BLOCK]);
  }
  for (const { reads } of files) assertEquals(reads, [[0, BLOCK], [2 * BLOCK, BLOCK]]);
});

Deno.test("readRecent() gives what is at a place after its block had to go", () => {
  const { at, reads } = numbers(64 * BLOCK);
  for (let round = 0; round < 2; round++) {
    for (let block = 0; block < 64; block++) assertEquals(at(block * BLOCK + 16), block * BLOCK + 16);
  }
  assertEquals(reads.length, 128);
});

Deno.test("readRecent() leaves alone what is beyond the file or in two blocks", () => {
  const { at, reads } = numbers(BLOCK + 8);
  assertEquals([at(BLOCK + 4), at(BLOCK + 8), at(BLOCK - 2)], [BLOCK + 4, undefined, undefined]);
  assertEquals(reads, [[BLOCK, 8]], "of the last block no more is read than the file has");
});

Deno.test("readRecent() does not take a block that could not be read for one that was", () => {
  const { owner, at } = numbers(BLOCK),
    fail = () => {
      throw new Error("no disk");
    };
  const full = numbers(16 * BLOCK);
  for (let block = 0; block < 16; block++) full.at(block * BLOCK);
  assertThrows(() => readRecent(owner, BLOCK, 0, new Uint8Array(4), fail), Error, "no disk");
  assertEquals([at(4), full.at(0)], [4, 0]);
});
