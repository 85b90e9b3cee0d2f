import { assertEquals, assertThrows } from "@std/assert";
import { BytesSource } from "../../src/io/source.ts";
import { ByteReader } from "../../src/weights/byte_reader.ts";
import { WeightsFormatError } from "../../src/weights/errors.ts";
import { PickleGlobal, readPickle } from "../../src/weights/pickle.ts";

const text = (value: string) => [...new TextEncoder().encode(value)];

/** Reads opcodes after PROTO 2 and before STOP. */
function read(...opcodes: (number | string)[]) {
  const body = opcodes.flatMap((part) => typeof part === "string" ? text(part) : [part]);
  const source = new BytesSource(Uint8Array.from([0x80, 2, ...body, 0x2e]), "weights.pth");
  return readPickle(new ByteReader(source), source.name, {
    global: (name) => name === "known.pair" ? new PickleGlobal(name, (args) => [...args, "made"]) : undefined,
    persistent: (id) => ["storage", id],
  });
}

Deno.test("a pickle's numbers, texts, lists, tuples and dicts are read", () => {
  assertEquals(read("K", 7), 7);
  assertEquals(read("J", 0xff, 0xff, 0xff, 0xff), -1);
  assertEquals(read("M", 1, 2), 513);
  assertEquals(read(0x8a, 1, 0x80), -128);
  assertEquals(read(0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1), Number(2n ** 64n));
  assertEquals(read(0x8a, 8, 1, 0, 0, 0, 0, 0, 0, 0x40), 2n ** 62n + 1n);
  assertEquals(read("G", 0x3f, 0xf8, 0, 0, 0, 0, 0, 0), 1.5);
  assertEquals(read("X", 3, 0, 0, 0, "a", 0xc3, 0xa9), "aé");
  assertEquals(read("]", "(", "K", 1, "K", 2, "e"), [1, 2]);
  assertEquals(read("K", 1, "K", 2, 0x86), [1, 2]);
  assertEquals(read("}", "(", "K", 1, 0x88, "K", 2, "N", "u"), new Map<unknown, unknown>([[1, true], [2, null]]));
  assertEquals(read("K", 5, "q", 9, "0", "h", 9), 5, "by the memo");
  assertEquals(read("cknown\npair\n", "K", 1, 0x85, "R"), [1, "made"]);
  assertEquals(read("K", 3, "Q"), ["storage", 3]);
});

const REFUSED: [string, (number | string)[], string][] = [
  ["a class that is not known", ["cos\nsystem\n"], 'the class or function "os.system"'],
  ["a class that is named by the stack", ["X", 2, 0, 0, 0, "os", "X", 4, 0, 0, 0, "exec", 0x93], '"os.exec"'],
  ["an opcode of other protocols", ["I1\n"], "opcode 0x49 at byte 2"],
  ["an extension code", [0x82, 1], "opcode 0x82 at byte 2"],
  ["a call of a value", ["K", 1, ")", "R"], "a call of what cannot be called"],
  ["arguments that are no tuple", ["cknown\npair\n", "K", 1, "R"], "a call of what cannot be called"],
  ["state for a list", ["]", "}", "b"], "state for what has none"],
  ["an item of a list", ["]", "K", 1, "K", 2, "s"], "no dict to set an item of"],
  ["an append to a dict", ["}", "K", 1, "a"], "no list to append to"],
  ["an odd number of items", ["}", "(", "K", 1, "u"], "no dict to set an item of"],
  ["a memo entry that is not there", ["h", 3], "no memo entry 3"],
  ["an empty stack", ["0"], "an empty stack"],
  ["a mark that is not there", ["t"], "no mark"],
  ["a text longer than the file", ["X", 0xff, 0, 0, 0], "255 bytes were expected at byte 7"],
  ["a text of 4 GB", ["X", 0xff, 0xff, 0xff, 0xff], "a value of 4294967295 bytes"],
  ["a number of 100 bytes", [0x8a, 100], "a number of 100 bytes"],
  ["a protocol of the future", [0x80, 9], "protocol 9; expected 2 to 5"],
];

for (const [what, opcodes, message] of REFUSED) {
  Deno.test(`a pickle with ${what} is refused`, () => {
    assertThrows(() => read(...opcodes), WeightsFormatError, message);
  });
}

Deno.test("a pickle without an end is refused", () => {
  const source = new BytesSource(Uint8Array.from([0x80, 2, 0x4e]), "weights.pth");
  const world = { global: () => undefined, persistent: () => null };
  assertThrows(() => readPickle(new ByteReader(source), source.name, world), WeightsFormatError, "truncated");
});
