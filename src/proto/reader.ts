/** Reads a message's bytes one after another. Whatever ends after them is a RangeError, what is no encoding an Error. */
export class Reader {
  /** Where the next byte is. */
  pos = 0;
  /** How many bytes there are. */
  readonly len: number;
  /** The bytes. */
  readonly buf: Uint8Array;
  #view?: DataView;

  /** Begins at the first byte. */
  constructor(bytes: Uint8Array) {
    this.buf = bytes;
    this.len = bytes.length;
  }

  /** The lowest 32 bits of a varint, as they are. */
  uint32(): number {
    if (this.buf[this.pos] < 128) return this.buf[this.pos++]; // most take one byte
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      if (shift < 32) value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
    throw invalidVarint(this);
  }

  /** The lowest 32 bits of a varint, with a sign. */
  int32(): number {
    return this.uint32() | 0;
  }

  /** A varint of 64 bits with a sign: a number where one holds it. */
  int64(): number | bigint {
    const value = this.#varint();
    return typeof value === "number" ? value : numberOf(BigInt.asIntN(64, value));
  }

  /** A varint of 64 bits: a number where one holds it. */
  uint64(): number | bigint {
    const value = this.#varint();
    return typeof value === "number" ? value : numberOf(BigInt.asUintN(64, value));
  }

  /** A float32. */
  float(): number {
    const start = this.skip(4);
    return this.#numbers().getFloat32(start, true);
  }

  /** A float64. */
  double(): number {
    const start = this.skip(8);
    return this.#numbers().getFloat64(start, true);
  }

  /** A field's number and wire type. */
  tag(): number {
    return this.#short(2 ** 32 - 1);
  }

  /** What stands behind its length: a view. */
  bytes(): Uint8Array {
    const length = this.#short(2 ** 31 - 1), start = this.skip(length);
    return this.buf.subarray(start, start + length);
  }

  /** Goes on by so many bytes; gives where it was. */
  skip(length: number): number {
    const start = this.pos;
    if (start + length > this.len) throw new RangeError(`index out of range: ${start} + ${length} > ${this.len}`);
    this.pos += length;
    return start;
  }

  /** Goes on behind a value of a wire type; a group must end with its field's number, where that is given. */
  skipType(wire: number, number?: number, depth = 0): void {
    if (wire === 0) this.#varint();
    else if (wire === 1) this.skip(8);
    else if (wire === 2) this.skip(this.#short(2 ** 31 - 1));
    else if (wire === 5) this.skip(4);
    else if (wire === 3 && depth < DEEPEST) this.#skipGroup(number, depth);
    else throw new Error(`invalid wire type ${wire} at offset ${this.pos}`);
  }

  #skipGroup(number: number | undefined, depth: number): void {
    for (;;) {
      const tag = this.tag(), wire = tag & 7, inner = tag >>> 3;
      if (inner === 0 || wire === 4 && number !== undefined && inner !== number) {
        throw new Error(`illegal tag: field number ${inner} in a group of field ${number}`);
      }
      if (wire === 4) return;
      this.skipType(wire, inner, depth + 1);
    }
  }

  /** A varint that no writer makes longer than 5 bytes. */
  #short(most: number): number {
    if (this.buf[this.pos] < 128) return this.buf[this.pos++];
    const start = this.pos, value = this.#varint();
    if (typeof value === "number" && value <= most && this.pos - start <= 5) return value;
    throw new Error(`invalid tag or length encoding at offset ${start}`);
  }

  #numbers(): DataView {
    return this.#view ??= new DataView(this.buf.buffer, this.buf.byteOffset, this.len);
  }

  #byte(): number {
    return this.buf[this.skip(1)];
  }

  #varint(): number | bigint {
    let value = 0, count = 0;
    for (let unit = 1; count < 7; unit *= 128, count++) {
      const byte = this.#byte();
      value += (byte & 127) * unit;
      if (byte < 128) return value;
    }
    let high = 0n;
    for (let shift = 0n; count < 10; shift += 7n, count++) {
      const byte = this.#byte();
      high |= BigInt(byte & 127) << shift;
      if (byte < 128) return (high << 49n) + BigInt(value);
    }
    throw invalidVarint(this);
  }
}

/** Protobuf's own limit of messages and groups in one another, in ONNX Runtime and everywhere else. */
export const DEEPEST = 100;

function invalidVarint({ pos }: Reader): Error {
  return new Error(`invalid varint encoding: longer than 10 bytes at offset ${pos}`);
}

function numberOf(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
