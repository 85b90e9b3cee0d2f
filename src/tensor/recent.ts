/** Elements of whole tensors that are kept for their next reader, unless they are among the last few. */
const MOST_ELEMENTS = 1 << 24;

/** Blocks of rows that are kept, and whole tensors: these few in any case, and no more than so many, however small. */
const BLOCKS = 16, WHOLE = 4, MOST_WHOLE = 64;

/** What was computed for an owner. */
interface Result {
  readonly owner: object;
  readonly first: number;
  readonly values: Float64Array;
}

/** The last one used comes last. Arrays, since what is gone from a map that is changed all the time stays in memory. */
const blocks: Result[] = [], whole: Result[] = [];
/** Elements of all of `whole`. */
let elements = 0;

/** Takes what is kept for an owner out of a list. */
function taken(list: Result[], owner: object): Result | undefined {
  const at = list.findLastIndex((result) => result.owner === owner);
  return at < 0 ? undefined : list.splice(at, 1)[0];
}

/**
 * All values of `owner`, computed where they are not among those used last. A WeakRef would keep every one of them until the
 * job ends, and a model is saved in one.
 */
export function recentValues(owner: object, compute: () => Float64Array): Float64Array {
  const held = taken(whole, owner), values = held?.values ?? compute();
  if (!held) elements += values.length;
  whole.push(held ?? { owner, first: 0, values });
  while (whole.length > WHOLE && elements > MOST_ELEMENTS || whole.length > MOST_WHOLE) {
    elements -= whole.shift()!.values.length;
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
  const held = taken(blocks, owner);
  if (held?.first === first) {
    blocks.push(held);
    return held.values;
  }
  const values = held?.values.length === size ? held.values.fill(0) : new Float64Array(size);
  fill(values);
  blocks.push({ owner, first, values });
  if (blocks.length > BLOCKS) blocks.shift();
  return values;
}

/** Lets go of everything: whoever read a whole tensor has no more use for what it was made of. */
export function forgetRecent(): void {
  blocks.length = 0;
  whole.length = 0;
  elements = 0;
}
