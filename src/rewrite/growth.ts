import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { constantOf } from "../ops/constant.ts";
import { isTakenQuantised } from "../ops/quantised.ts";
import { Skip } from "../ops/skip.ts";
import { formatOf } from "../tensor/element_type.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { isRewrittenAlike } from "./alike.ts";
import { type Costs, savesArithmetic } from "./cheaper.ts";
import type { Replacement } from "./rule.ts";

/** Share of the file that it may grow by in all. */
const MOST_SHARE = 0.01;
/** Bytes that any file may grow by: biases, shapes, single numbers. */
const MOST_BYTES = 2048;

/** Users of a constant that are looked at for whether each makes a part of it, or is rewritten alike. */
const MOST_PARTS = 64;

/** Keeps account of the bytes by which constants grow. */
export class GrowthAccount {
  readonly #most: number;
  #growth = 0;
  /** What the replacement that was asked for last adds: one that is done was asked for before. */
  #last?: { readonly replacement: Replacement; readonly growth: Growth };
  readonly #written: Written = { parts: new Map(), others: new Set() };

  /** For a file of so many bytes, which may grow without a bound where that is allowed. */
  constructor({ fileBytes = 0, allowGrowth = false }: { fileBytes?: number; allowGrowth?: boolean }) {
    this.#most = allowGrowth ? Infinity : MOST_BYTES + MOST_SHARE * fileBytes;
  }

  /** Why a replacement would make the file too large, where it grows it at all and saves no good part of the arithmetic. */
  whyTooLarge(replacement: Replacement, build: Builder, costs: Costs): Skip | undefined {
    const { growth } = this.#growthOf(replacement, build);
    if (growth <= 0 || this.#growth + growth <= this.#most) return undefined;
    if (isWorthMore(replacement, build, costs)) return undefined;
    const compressed = replacement.removed.flatMap(({ inputs }) => inputs).find(isCompressed);
    return new Skip(
      "file-growth",
      `the file would grow by ${sizeText(growth)}: ` +
        (compressed
          ? `'${compressed.name}' is stored in fewer bytes than a weight with this folded in`
          : "the weight is needed as it is elsewhere too, or stored in a smaller form"),
      { remedy: "pass --allow-growth" },
    );
  }

  /** Counts a replacement that is done, unless its arithmetic paid for what it adds. */
  add(replacement: Replacement, build: Builder, costs: Costs): void {
    const { growth, parts, others } = this.#growthOf(replacement, build);
    if (growth < 0 || !isWorthMore(replacement, build, costs)) this.#growth += growth;
    for (const [value, bytes] of parts) this.#written.parts.set(value, (this.#written.parts.get(value) ?? 0) + bytes);
    for (const value of parts.size > 0 ? others : []) this.#written.others.add(value);
  }

  #growthOf(replacement: Replacement, build: Builder): Growth {
    if (this.#last?.replacement !== replacement) {
      this.#last = { replacement, growth: growthOf(replacement, build, this.#written) };
    }
    return this.#last.growth;
  }
}

/** What is in the account. */
interface Written {
  /**
   * Constants in whose place others are written, with the bytes of those: they are free once all of them are, and once only,
   * however many nodes are taken to be rewritten alike.
   */
  readonly parts: Map<Value, number>;
  /** Large constants that were written for these: what a subgraph has alike is not written again. */
  readonly others: Set<Value>;
}

/** What a replacement adds. */
interface Growth extends Written {
  /** Bytes of the constants that it adds, less those that nothing needs any more. */
  readonly growth: number;
}

/** Whether a larger weight saves arithmetic of every run: what is made of constants alone is made once, when a model is loaded. */
function isWorthMore(replacement: Replacement, build: Builder, costs: Costs): boolean {
  return build.nodes.length > 0 && savesArithmetic(replacement, build, costs);
}

/** What a replacement adds to what is written. */
function growthOf({ removed, outputs }: Replacement, build: Builder, written: Written): Growth {
  const placed = new Set(outputs.map(([, now]) => now));
  const used = new Set(build.nodes.flatMap(({ inputs }) => inputs));
  const added = build.initializers.filter((value) => used.has(value) || placed.has(value));
  const gone = new Set(removed), freed = new Set<Value>(), parts = new Map<Value, number>();
  // a node that makes the same constant of the same source is rewritten alike, and takes the one that is added now
  const isTwin = ({ outputs: [output] }: Node) => {
    const tensor = constantOf(output);
    return tensor !== undefined && added.some(({ initializer }) => build.pool.areEqual(tensor, initializer!));
  };
  const free = (value: Value | undefined): number => {
    if (!value || freed.has(value) || used.has(value) || placed.has(value) || value.isOutput) return 0;
    const isAlike = (user: Node) =>
      value.initializer !== undefined && value.users.size <= MOST_PARTS &&
      removed.some((node) => node.inputs.includes(value) && isRewrittenAlike(user, node, gone));
    for (const user of value.users.keys()) if (!gone.has(user) && !isTwin(user) && !isAlike(user)) return part(value);
    const { producer } = value;
    if (value.initializer) {
      if (value.isOverridable) return 0;
      freed.add(value);
      const left = bytesOf(value.initializer) - (written.parts.get(value) ?? 0);
      if (left > MOST_BYTES) parts.set(value, left);
      return left;
    }
    if (!producer || constantOf(value) === undefined) return 0;
    freed.add(value);
    gone.add(producer);
    return storedBytes(producer) + producer.inputs.reduce((sum, input) => sum + free(input), 0);
  };
  // a constant of which everything that takes it makes parts, no larger together: it goes with the last of them
  const part = (value: Value): number => {
    if (!value.initializer || value.isOverridable || parts.has(value)) return 0;
    if (build.nodes.length > 0 || value.users.size > MOST_PARTS) return 0;
    const users = [...value.users.keys()], sizes = users.map((user) => partBytes(user));
    const together = sizes.reduce((sum, bytes) => sum + bytes, 0);
    if (!(together + (written.parts.get(value) ?? 0) <= bytesOf(value.initializer))) return 0;
    const own = users.reduce((sum, user, at) => gone.has(user) ? sum + sizes[at] : sum, 0);
    parts.set(value, own);
    return own;
  };
  const isWritten = ({ initializer, graph }: Value) =>
    [...written.others].some((other) =>
      other.graph !== graph && other.users.size > 0 && build.pool.areEqual(other.initializer!, initializer!)
    );
  const inputs = removed.flatMap((node) => node.inputs);
  const growth = added.reduce((sum, value) => sum + (isWritten(value) ? 0 : bytesOf(value.initializer!)), 0) -
    removed.reduce((sum, node) => sum + storedBytes(node), 0) - inputs.reduce((sum, input) => sum + free(input), 0);
  return { growth, parts, others: new Set(added.filter(({ initializer }) => bytesOf(initializer!) > MOST_BYTES)) };
}

/** Bytes of the constants that a node makes and that take its place in time; Infinity where it stays. */
function partBytes({ graph, outputs }: Node): number {
  return outputs.reduce((sum, value) => {
    if (!value || value.users.size === 0 && !value.isOutput) return sum;
    const tensor = constantOf(value);
    return sum +
      (tensor && graph.takesConstants && !value.isOutput && !isTakenQuantised(value) ? bytesOf(tensor) : Infinity);
  }, 0);
}

/** Bytes of a node's own tensors. */
function storedBytes({ attributes }: Node): number {
  return [...attributes.values()].reduce((sum, { tensor }) => sum + (tensor ? bytesOf(tensor) : 0), 0);
}

function bytesOf({ type, size }: Tensor): number {
  return type === "string" || type === "opaque" ? size : size * formatOf(type).bytes;
}

/** Whether a constant is computed from fewer bytes than it has. */
function isCompressed(value: Value | undefined): boolean {
  const { producer } = value ?? {}, tensor = constantOf(value);
  if (!value || !tensor || !producer) return false;
  const sources = new Map<Value, number>();
  const visit = (one: Value | undefined): void => {
    if (!one || sources.has(one)) return;
    sources.set(one, one.initializer ? bytesOf(one.initializer) : one.producer ? storedBytes(one.producer) : 0);
    one.producer?.inputs.forEach(visit);
  };
  visit(value);
  return [...sources.values()].reduce((sum, bytes) => sum + bytes, 0) < bytesOf(tensor) / 1.5;
}

function sizeText(bytes: number): string {
  return bytes < 10_000
    ? `${bytes} bytes`
    : bytes < 1e7
    ? `${Math.round(bytes / 1e3)} KB`
    : `${Math.round(bytes / 1e6)} MB`;
}
