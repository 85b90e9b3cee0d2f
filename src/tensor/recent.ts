/** Elements of whole tensors that are kept for their next reader, unless they are among the last few. */
const MOST_ELEMENTS = 1 << 24;

/** Blocks of rows, and whole tensors, that are kept in any case. */
const BLOCKS = 16, WHOLE = 4;

interface Block {
  first: number;
  values: Float64Array;
}

const blocks = new Map<object, Block>(), whole = new Map<object, Float64Array>();
/** Elements of all of `whole`. */
let elements = 0;

/**
 * All values of `owner`, computed where they are not among those used last. A WeakRef would keep every one of them until the
 * job ends, and a model is saved in one.
 */
export function recentValues(owner: object, compute: () => Float64Array): Float64Array {
  const held = whole.get(owner), values = held ?? compute();
  if (held) whole.delete(owner);
  else elements += values.length;
  whole.set(owner, values);
  for (const [oldest, { length }] of whole) {
    if (whole.size <= WHOLE || elements <= MOST_ELEMENTS) break;
    whole.delete(oldest);
    elements -= length;
  }
  return values;
}

/** The block of `owner` that begins at row `first`, `size` elements, filled where it is not the last one used. */
export function recentBlock(
  owner: object,
  first: number,
  size: number,
  fill: (into: Float64Array) => void,
): Float64Array {
  const held = blocks.get(owner);
  blocks.delete(owner);
  if (held?.first === first) {
    blocks.set(owner, held);
    return held.values;
  }
  const values = held?.values.length === size ? held.values.fill(0) : new Float64Array(size);
  fill(values);
  blocks.set(owner, { first, values });
  for (const oldest of blocks.keys()) {
    if (blocks.size <= BLOCKS) break;
    blocks.delete(oldest);
  }
  return values;
}

/** Lets go of everything: whoever read a whole tensor has no more use for what it was made of. */
export function forgetRecent(): void {
  blocks.clear();
  whole.clear();
  elements = 0;
}
