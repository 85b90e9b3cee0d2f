import type { ByteReader } from "./byte_reader.ts";
import { WeightsFormatError } from "./errors.ts";

/** What a pickle is made of here; a tuple is an array as a list is. `object` is what a known class made. */
export type PickleValue = null | boolean | number | bigint | string | object | PickleValue[] | PickleDict;

/** A dict, ordered as it was written. */
export type PickleDict = Map<PickleValue, PickleValue>;

/** A class or function that a pickle may name. Without `call` it is only named, as an element type is. */
export class PickleGlobal {
  readonly name: string;
  readonly call?: (args: readonly PickleValue[]) => PickleValue;

  /** A known class, and what calling it with positional arguments gives. */
  constructor(name: string, call?: (args: readonly PickleValue[]) => PickleValue) {
    this.name = name;
    this.call = call;
  }
}

/** What a pickle may refer to. */
export interface PickleWorld {
  /** The class `module.name`; undefined where it is not known, and the pickle is then refused. */
  global(name: string): PickleGlobal | undefined;
  /** The object that a persistent id stands for. */
  persistent(id: PickleValue): PickleValue;
}

/** Longest text or number of a pickle, bytes: a name of a parameter, or a line of a log that was saved with it. */
const LONGEST = 1 << 20;
/** Longest name of a module or a class, bytes. */
const LONGEST_NAME = 1000;
/** Longest pickle, bytes, most opcodes and most dicts in it: more than a state dict of 100,000 tensors has. */
const MOST = { bytes: 1 << 27, opcodes: 5_000_000, dicts: 1_000_000 };

const DECODERS = { utf8: new TextDecoder("utf-8"), latin1: new TextDecoder("latin1") };

/**
 * Reads one pickle as PyTorch's own restricted unpickler (`weights_only`) does: a machine for the opcodes that protocols 2 to 5
 * use for numbers, texts, lists, tuples and dicts. Nothing is executed: a class is looked up in `world` by its name, and a pickle
 * that names another, or uses any other opcode, is refused. Time and memory are linear in its length, which is limited.
 *
 * The npm package pickleparser was looked at and not taken: it calls what the stream names with what it gives, assigns state to
 * any object (an array's `length`, say) and reads an unknown memo entry as undefined, which hostile files turn into hangs.
 *
 * @throws {WeightsFormatError} With the byte, where it is not such a pickle.
 */
export function readPickle(reader: ByteReader, source: string, world: PickleWorld): PickleValue {
  return new Machine(reader, source, world).run();
}

class Machine {
  #stack: PickleValue[] = [];
  readonly #marks: PickleValue[][] = [];
  readonly #memo = new Map<number, PickleValue>();
  #dicts = 0;

  readonly reader: ByteReader;
  readonly source: string;
  readonly world: PickleWorld;

  constructor(reader: ByteReader, source: string, world: PickleWorld) {
    this.reader = reader;
    this.source = source;
    this.world = world;
  }

  run(): PickleValue {
    const start = this.reader.position;
    for (let opcodes = 0;; opcodes++) {
      const at = this.reader.position, code = this.reader.byte();
      if (at - start > MOST.bytes || opcodes > MOST.opcodes) {
        throw this.error(`no end after ${opcodes} opcodes (byte ${at}). It is no state dict.`);
      }
      if (code === 0x2e) return this.pop(); // STOP
      const operate = OPCODES[code];
      if (!operate) {
        throw this.error(
          `opcode 0x${code.toString(16).padStart(2, "0")} at byte ${at}, which no state dict needs. ` +
            "Expected a state dict that torch.save wrote.",
        );
      }
      operate(this, this.reader);
    }
  }

  error(found: string): WeightsFormatError {
    return new WeightsFormatError(`${this.source}: its pickle has ${found}`);
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  pop(): PickleValue {
    if (this.#stack.length === 0) throw this.error(`an empty stack at byte ${this.reader.position}. It is damaged.`);
    return this.#stack.pop()!;
  }

  top(): PickleValue {
    const value = this.pop();
    this.push(value);
    return value;
  }

  mark(): void {
    this.#marks.push(this.#stack);
    this.#stack = [];
  }

  /** What was pushed since the last mark. */
  marked(): PickleValue[] {
    const items = this.#stack, before = this.#marks.pop();
    if (!before) throw this.error(`no mark at byte ${this.reader.position}. It is damaged.`);
    this.#stack = before;
    return items;
  }

  remember(key: number = this.#memo.size): void {
    this.#memo.set(key, this.top());
  }

  recall(key: number): void {
    if (!this.#memo.has(key)) throw this.error(`no memo entry ${key} (byte ${this.reader.position}). It is damaged.`);
    this.push(this.#memo.get(key)!);
  }

  text(length: number | bigint, encoding: keyof typeof DECODERS): string {
    return DECODERS[encoding].decode(this.reader.bytes(this.bounded(length)));
  }

  bounded(length: number | bigint): number {
    if (length > LONGEST) throw this.error(`a value of ${length} bytes at byte ${this.reader.position}, too long.`);
    return Number(length);
  }

  /** Makes a dict; not more of them than memory is sure to hold. */
  dict(items: readonly PickleValue[] = []): void {
    if (++this.#dicts > MOST.dicts) throw this.error(`more than ${MOST.dicts} dicts. It is no state dict.`);
    const dict: PickleDict = new Map();
    this.set(dict, items);
    this.push(dict);
  }

  list(): PickleValue[] {
    const list = this.top();
    if (!Array.isArray(list)) throw this.error(`no list to append to at byte ${this.reader.position}. It is damaged.`);
    return list;
  }

  set(dict: PickleValue, items: readonly PickleValue[]): void {
    if (!(dict instanceof Map) || items.length % 2 === 1) {
      throw this.error(`no dict to set an item of at byte ${this.reader.position}. It is damaged.`);
    }
    for (let at = 0; at < items.length; at += 2) dict.set(items[at], items[at + 1]);
  }

  global(module: PickleValue, name: PickleValue): void {
    if (typeof module !== "string" || typeof name !== "string") {
      throw this.error(`a class whose name is no text before byte ${this.reader.position}. It is damaged.`);
    }
    const full = `${module}.${name}`, known = this.world.global(full);
    if (!known) {
      throw this.error(
        `the class or function ${
          JSON.stringify(full.slice(0, 200))
        }, which is not one of a state dict. Nothing in it was executed. ` +
          "Save the tensors alone: torch.save(model.state_dict(), FILE).",
      );
    }
    this.push(known);
  }

  call(): void {
    const args = this.pop(), callee = this.pop();
    if (!(callee instanceof PickleGlobal) || !callee.call || !Array.isArray(args)) {
      throw this.error(`a call of what cannot be called before byte ${this.reader.position}. It is damaged.`);
    }
    const made = callee.call(args);
    if (made instanceof Map && ++this.#dicts > MOST.dicts) {
      throw this.error(`more than ${MOST.dicts} dicts. It is no state dict.`);
    }
    this.push(made);
  }

  /** State of a dict (`_metadata` of a module's) says nothing of its tensors; nothing else has any. */
  build(): void {
    this.pop();
    if (!(this.top() instanceof Map)) {
      throw this.error(`state for what has none before byte ${this.reader.position}. It is no state dict.`);
    }
  }

  /** A little-endian two's complement number. */
  long(length: number): void {
    if (length > 16) throw this.error(`a number of ${length} bytes at byte ${this.reader.position}, too long.`);
    let value = 0n;
    this.reader.bytes(length).forEach((byte, at) => value |= BigInt(byte) << BigInt(8 * at));
    value = BigInt.asIntN(8 * length, value);
    this.push(BigInt(Number(value)) === value ? Number(value) : value);
  }
}

type Operate = (machine: Machine, reader: ByteReader) => void;

const tuple = (length: number): Operate => (machine) => {
  const items = Array.from({ length }, () => machine.pop());
  machine.push(items.reverse());
};
const list: Operate = (machine) => machine.push(machine.marked());
const bytes = (machine: Machine, length: number | bigint) =>
  machine.push(machine.reader.bytes(machine.bounded(length)).slice());
const uint8 = (reader: ByteReader) => reader.byte();
const uint16 = (reader: ByteReader) => reader.view(2).getUint16(0, true);
const uint32 = (reader: ByteReader) => reader.view(4).getUint32(0, true);

/** By opcode, as CPython's pickletools names them. */
const OPCODES: Readonly<Record<number, Operate>> = {
  0x80: (machine, reader) => { // PROTO
    const version = reader.byte();
    if (version < 2 || version > 5) throw machine.error(`protocol ${version}; expected 2 to 5.`);
  },
  0x95: (_machine, reader) => void reader.uint64(), // FRAME
  0x28: (machine) => machine.mark(), // MARK
  0x30: (machine) => void machine.pop(), // POP
  0x31: (machine) => void machine.marked(), // POP_MARK
  0x32: (machine) => machine.push(machine.top()), // DUP
  0x71: (machine, reader) => machine.remember(uint8(reader)), // BINPUT
  0x72: (machine, reader) => machine.remember(uint32(reader)), // LONG_BINPUT
  0x94: (machine) => machine.remember(), // MEMOIZE
  0x68: (machine, reader) => machine.recall(uint8(reader)), // BINGET
  0x6a: (machine, reader) => machine.recall(uint32(reader)), // LONG_BINGET
  0x4e: (machine) => machine.push(null), // NONE
  0x88: (machine) => machine.push(true), // NEWTRUE
  0x89: (machine) => machine.push(false), // NEWFALSE
  0x4a: (machine, reader) => machine.push(reader.view(4).getInt32(0, true)), // BININT
  0x4b: (machine, reader) => machine.push(uint8(reader)), // BININT1
  0x4d: (machine, reader) => machine.push(uint16(reader)), // BININT2
  0x8a: (machine, reader) => machine.long(uint8(reader)), // LONG1
  0x8b: (machine, reader) => machine.long(uint32(reader)), // LONG4
  0x47: (machine, reader) => machine.push(reader.view(8).getFloat64(0)), // BINFLOAT
  0x58: (machine, reader) => machine.push(machine.text(uint32(reader), "utf8")), // BINUNICODE
  0x8c: (machine, reader) => machine.push(machine.text(uint8(reader), "utf8")), // SHORT_BINUNICODE
  0x8d: (machine, reader) => machine.push(machine.text(reader.uint64(), "utf8")), // BINUNICODE8
  0x54: (machine, reader) => machine.push(machine.text(uint32(reader), "latin1")), // BINSTRING
  0x55: (machine, reader) => machine.push(machine.text(uint8(reader), "latin1")), // SHORT_BINSTRING
  0x42: (machine, reader) => bytes(machine, uint32(reader)), // BINBYTES
  0x43: (machine, reader) => bytes(machine, uint8(reader)), // SHORT_BINBYTES
  0x8e: (machine, reader) => bytes(machine, reader.uint64()), // BINBYTES8
  0x29: tuple(0), // EMPTY_TUPLE
  0x85: tuple(1), // TUPLE1
  0x86: tuple(2), // TUPLE2
  0x87: tuple(3), // TUPLE3
  0x74: list, // TUPLE
  0x5d: tuple(0), // EMPTY_LIST
  0x6c: list, // LIST
  0x61: (machine) => { // APPEND
    const value = machine.pop();
    machine.list().push(value);
  },
  0x65: (machine) => { // APPENDS
    const values = machine.marked(), into = machine.list();
    for (const value of values) into.push(value);
  },
  0x7d: (machine) => machine.dict(), // EMPTY_DICT
  0x64: (machine) => machine.dict(machine.marked()), // DICT
  0x73: (machine) => { // SETITEM
    const value = machine.pop(), key = machine.pop();
    machine.set(machine.top(), [key, value]);
  },
  0x75: (machine) => { // SETITEMS
    const items = machine.marked();
    machine.set(machine.top(), items);
  },
  0x63: (machine, reader) => machine.global(reader.line(LONGEST_NAME), reader.line(LONGEST_NAME)), // GLOBAL
  0x93: (machine) => { // STACK_GLOBAL
    const name = machine.pop(), module = machine.pop();
    machine.global(module, name);
  },
  0x52: (machine) => machine.call(), // REDUCE
  0x81: (machine) => machine.call(), // NEWOBJ
  0x62: (machine) => machine.build(), // BUILD
  0x51: (machine) => machine.push(machine.world.persistent(machine.pop())), // BINPERSID
};
