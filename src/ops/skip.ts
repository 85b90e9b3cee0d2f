import type { Node } from "../graph/graph.ts";

/**
 * Why something was left alone, by code: the one documented meaning of each. `layerfuse explain --json` gives the code beside
 * the reason; reports group by it.
 */
export const SKIP_CODES = {
  "not-constant": "a weight, a bias or a parameter is computed from the model's input, or a caller may set it",
  "invalid-parameter": "a parameter has a shape, a size or a value that the operator does not allow",
  "training-mode": "the node normalises or drops by the batch at hand, so that what it computes is not final",
  "unknown-shape": "a rank, a size or a padding that decides whether the rewrite is exact is not known",
  "unknown-operator":
    "an operator that layerfuse does not know hides a shape that decides whether the rewrite is exact",
  "other-axis": "the affine map goes along another axis than the channels it would have to meet",
  "other-channels": "the numbers of channels, or the shapes of the weights, do not fit each other",
  "not-per-channel": "the constant varies along more than one axis, or enlarges what it is applied to",
  "not-linear": "the operator, or the way it is used here, is no linear map",
  "shift-at-border": "zero padding: a shift would have to turn the padded zeros into other values",
  "shift-blocked": "the operator on the way lets no shift through",
  "negative-scale": "the operator on the way lets only a positive scale through",
  "unequal-channels": "one number serves several channels, which would need different ones",
  "other-user": "a value that would change or go is needed elsewhere too",
  "graph-output": "a value that would change or go is an output of the graph",
  "other-graph": "the nodes are in different graphs: a subgraph is in between",
  "no-layer": "no linear layer is near",
  "too-far": "the layers are further away than is looked",
  "two-paths": "the affine map would come to a node by two paths",
  "other-geometry": "strides, kernels or paddings do not line up",
  "element-type": "the element types do not fit each other, or are no floating-point numbers",
  "unsupported-form": "an attribute, or an old form of the operator, that the rewrite does not cover",
  "not-cheaper": "the model would get no smaller and no faster",
  "quantised": "the runtime computes the node on whole numbers, and has no place for other weights there",
  "part-of-idiom": "the runtime runs the node and its neighbours as one operator, which the rewrite would break up",
  "file-growth": "the file would grow: a weight is stored in a smaller form, or needed elsewhere as it is",
  "cost-unknown": "whether it saves work depends on shapes that the model does not say",
  "measured-slower": "it was measured here, and made the model slower",
  "overflow": "the element type of the weight cannot hold a new value",
  "underflow": "the element type of the weight would hold many new values with few of their digits, or as zero",
  "function-attribute": "an attribute takes its value from the caller of the function it is in",
} as const;

/** A code of {@linkcode SKIP_CODES}. */
export type SkipCode = keyof typeof SKIP_CODES;

/** What a {@linkcode Skip} may say beside its code and its words. */
export interface SkipOptions {
  /** What the model's author can do about it: "pass --freeze-inputs". */
  readonly remedy?: string;
  /** The node the reason is about, where it is not the root. */
  readonly node?: Node;
  /** That nothing fusible is near: reported after the rules that came closer to the same node. */
  readonly isRemote?: boolean;
}

/** Why a rule left something alone. */
export class Skip {
  /** See {@linkcode SkipOptions.remedy}. */
  readonly remedy?: string;
  /** See {@linkcode SkipOptions.node}. */
  readonly node?: Node;
  /** See {@linkcode SkipOptions.isRemote}. */
  readonly isRemote: boolean;

  /** What reports group by. */
  readonly code: SkipCode;
  /** In words the author of a model understands, starting in lower case, without a full stop. */
  readonly reason: string;

  /** Made by an operator's entry, a rule or the driver. */
  constructor(
    code: SkipCode,
    reason: string,
    { remedy, node, isRemote = false }: SkipOptions = {},
  ) {
    this.code = code;
    this.reason = reason;

    this.remedy = remedy;
    this.node = node;
    this.isRemote = isRemote;
  }
}
