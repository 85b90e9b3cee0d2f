import { assertEquals, assertThrows } from "@std/assert";
import { BytesSource } from "../../src/io/source.ts";
import { ByteReader } from "../../src/weights/byte_reader.ts";
import { WeightsFormatError } from "../../src/weights/errors.ts";
import { PickleGlobal, readPickle } from "../../src/weights/pickle.ts";
import { Storage } from "../../src/weights/storage.ts";
import { torchWorld } from "../../src/weights/torch_objects.ts";

const text = (value: string) => [...new TextEncoder().encode(value)];

/** Opcodes after PROTO 2 and before STOP. */
function bytesOf(opcodes: readonly (number | string)[]): Uint8Array {
  const body = opcodes.flatMap((part) => typeof part === "string" ? text(part) : [part]);
  return Uint8Array.from([0x80, 2, ...body, 0x2e]);
}

/** Reads them. */
function readAll(opcodes: readonly (number | string)[]) {
  const source = new BytesSource(bytesOf(opcodes), "weights.pth");
  return readPickle(new ByteReader(source), source.name, {
    global: (name) => name === "known.pair" ? new PickleGlobal(name, (args) => [...args, "made"]) : undefined,
    persistent: (id) => ["storage", id],
  });
}

const read = (...opcodes: (number | string)[]) => readAll(opcodes);

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
  ["a class whose name is a list", ["]", "X", 1, 0, 0, 0, "x", 0x93], "a class whose name is no text"],
  ["a name of a class without an end", [`c${"a".repeat(1100)}`], "a line of more than 1000 bytes"],
];

for (const [what, opcodes, message] of REFUSED) {
  Deno.test(`a pickle with ${what} is refused`, () => {
    assertThrows(() => readAll(opcodes), WeightsFormatError, message);
  });
}

/** The bytes of a text in a pickle. */
const unicode = (value: string) => ["X", value.length, 0, 0, 0, value];
const PAIR = ["K", 1, "N", 0x86];
const STORAGE = ["(", ...unicode("storage"), "ctorch\nFloatStorage\n", ...unicode("0"), "N", "K", 4, "t"];
const ORDERED = "ccollections\nOrderedDict\n", REBUILD = "ctorch._utils\n_rebuild_tensor_v2\n";

/** What is small in a file and would be large in memory, or take hours: a memo's entry that is used again and again. */
const BOMBS: [string, (number | string)[], string][] = [
  [
    "a list of pairs that many dicts are made of",
    ["]", "q", 1, "(", ...Array(2000).fill(PAIR).flat(), "e", ...Array(600).fill([ORDERED, "h", 1, 0x85, "R"]).flat()],
    "more than 1000000 pairs",
  ],
  [
    "a tensor of more axes than there are",
    [REBUILD, "(", ...STORAGE, "Q", "K", 0, "(", ...Array(65).fill(["K", 1]).flat(), "t", "q", 1, "h", 1, "t", "R"],
    "a tensor of 65 axes",
  ],
];

for (const [what, opcodes, message] of BOMBS) {
  Deno.test(`a pickle with ${what} is refused`, () => {
    const source = new BytesSource(bytesOf(opcodes), "weights.pth");
    const world = torchWorld(source.name, (type, key, size) => new Storage(source, key, type, size));
    assertThrows(() => readPickle(new ByteReader(source), source.name, world), WeightsFormatError, message);
  });
}

for (const [what, metadata] of [["a number", ["K", 1]], ["keyed by a number", ["}", "K", 1, 0x88, "s"]]] as const) {
  Deno.test(`a tensor whose metadata is ${what} is refused`, () => {
    const opcodes = [REBUILD, "(", ...STORAGE, "Q", "K", 0, ")", ")", "N", "N", ...metadata, "t", "R"];
    const source = new BytesSource(bytesOf(opcodes), "weights.pth");
    const world = torchWorld(source.name, (type, key, size) => new Storage(source, key, type, size));
    const message = "a tensor whose values are not those stored";
    assertThrows(() => readPickle(new ByteReader(source), source.name, world), WeightsFormatError, message);
  });
}

/** A pickle that begins with some opcodes and goes on with others, `count` times. */
function repeated(start: readonly (number | string)[], part: readonly (number | string)[], count: number) {
  const before = bytesOf(start).slice(0, -1), again = bytesOf(part).slice(2, -1);
  const bytes = new Uint8Array(before.length + again.length * count);
  bytes.set(before);
  for (let at = before.length; at < bytes.length; at += again.length) bytes.set(again, at);
  return new BytesSource(bytes, "weights.pth");
}

Deno.test("a pickle may have many opcodes, dicts, tensors and storages, but not without end", () => {
  const limits: [ReturnType<typeof repeated>, string][] = [
    [repeated([], ["N"], 5_000_002), "no end after 5000001 opcodes"],
    [repeated([], ["}"], 1_000_001), "more than 1000000 dicts"],
    [repeated([...STORAGE, "q", 1], ["h", 1, "Q"], 1_000_001), "more than 1000000 tensors and storages"],
  ];
  for (const [source, message] of limits) {
    const world = torchWorld(source.name, (type, key, size) => new Storage(source, key, type, size));
    assertThrows(() => readPickle(new ByteReader(source), source.name, world), WeightsFormatError, message);
  }
});

Deno.test("a pickle without an end is refused", () => {
  const source = new BytesSource(Uint8Array.from([0x80, 2, 0x4e]), "weights.pth");
  const world = { global: () => undefined, persistent: () => null };
  assertThrows(() => readPickle(new ByteReader(source), source.name, world), WeightsFormatError, "truncated");
});
