/** Bytes of a block of a file, and how many are kept. */
const BLOCK_BYTES = 1 << 16, MOST_BLOCKS = 16;

/** Longer reads are no faster from a block. */
const MOST_BYTES = 1 << 12;

interface Block {
  readonly owner: object;
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** The last one used in front. */
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
  const start = offset - offset % BLOCK_BYTES, from = offset - start;
  if (into.length > MOST_BYTES || offset + into.length > Math.min(size, start + BLOCK_BYTES)) return false;
  let at = blocks.findIndex((block) => block.start === start && block.owner === owner);
  if (at < 0) {
    const bytes = new Uint8Array(Math.min(BLOCK_BYTES, size - start));
    read(start, bytes);
    at = blocks.length < MOST_BLOCKS ? blocks.length : MOST_BLOCKS - 1;
    blocks[at] = { owner, start, bytes };
  }
  const block = blocks[at];
  if (at > 0) {
    blocks.copyWithin(1, 0, at);
    blocks[0] = block;
  }
  into.set(block.bytes.subarray(from, from + into.length));
  return true;
}
