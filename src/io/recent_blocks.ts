/** Bytes of a block of a file, and how many are kept. */
const BLOCK_BYTES = 1 << 14, MOST_BLOCKS = 16;

/** Longer reads are no faster from a block. */
const MOST_BYTES = 1 << 12;

interface Block {
  owner?: object;
  start: number;
  readonly bytes: Uint8Array;
}

/** The last one used in front. Another block goes into the bytes of the last: what is let go of stays until it is collected. */
const blocks: Block[] = [];

/**
 * Fills `into` from the blocks that were read last, of whatever file: the parameters of a normalization are a few numbers, lie side by
 * side and are asked for by one rule after another. `owner` tells files apart, `read` reads one of `size` bytes. Returns whether it did.
 */
export function readRecent(
  owner: object,
  size: number,
  offset: number,
  into: Uint8Array,
  read: (offset: number, into: Uint8Array) => void,
): boolean {
  const start = offset - offset % BLOCK_BYTES, from = offset - start, length = Math.min(BLOCK_BYTES, size - start);
  if (into.length > MOST_BYTES || from + into.length > length) return false;
  let at = blocks.findIndex((block) => block.start === start && block.owner === owner);
  if (at < 0) {
    const isFull = blocks.length === MOST_BLOCKS;
    at = isFull ? MOST_BLOCKS - 1 : blocks.push({ start: 0, bytes: new Uint8Array(BLOCK_BYTES) }) - 1;
    blocks[at].owner = undefined; // until it is read
    read(start, blocks[at].bytes.subarray(0, length));
    Object.assign(blocks[at], { owner, start });
  }
  const block = blocks[at];
  blocks.copyWithin(1, 0, at);
  blocks[0] = block;
  into.set(block.bytes.subarray(from, from + into.length));
  return true;
}
