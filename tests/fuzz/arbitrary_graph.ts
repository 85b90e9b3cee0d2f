/**
 * Random valid ONNX models out of all operators the rules know. A recipe (numbers) is what fast-check generates and shrinks;
 * `modelOf` makes a model of any recipe, leaving out the steps that do not fit where they come.
 */
import fc from "fast-check";
import type { TestModel } from "../onnx_model.ts";
import { Choices } from "./choices.ts";
import { Draft, type Shared, type Wire } from "./draft.ts";
import {
  activation,
  batchNormalization,
  elementwise,
  groupNormalization,
  negation,
  sumOfConstants,
} from "./steps/affines.ts";
import {
  conditional,
  extraOutput,
  localFunction,
  loop,
  lowRank,
  parallelConvolutions,
  parallelLinear,
  residual,
  residualBlock,
} from "./steps/branches.ts";
import { conv, convTranspose, depthwise, gemm, matmul, pointwise, type Step } from "./steps/layers.ts";
import { boundedImage, branchesAndShortcut, clips, lines, parted, shiftedImage, sloped } from "./steps/for_cpu.ts";
import { gated, mixed, scaledCopy, slicedChannels, writtenGelu, writtenHardSigmoid } from "./steps/functions.ts";
import {
  carriedDown,
  carriedUp,
  classifier,
  contraction,
  enlargedJoin,
  expectation,
  inception,
  joined,
  paddedLayer,
  pooledConvolution,
  shiftedJoin,
  shuffledUnit,
  takenPositions,
  transition,
  trimmedLayer,
  upsampledConvolution,
  upsampling,
  wideTransposed,
} from "./steps/motifs.ts";
import { averagePool, depthToSpace, globalPool, pad, pool, resize } from "./steps/pools.ts";
import {
  channelShuffle,
  concat,
  expanded,
  flatten,
  identity,
  nothing,
  reshape,
  split,
  squeeze,
  transpose,
  unsqueeze,
  view,
} from "./steps/shapes.ts";
import { cutProjection } from "./steps/attention.ts";
import { embedded, gathered, heads, normalised, rotated } from "./steps/normalised.ts";
import { oneHot } from "./steps/tables.ts";
import { askedBetween, axesProduct, constantMap, dealtCells, focus, groups, laidOutAnew } from "./steps/neighbours.ts";

/** Steps with how often each is drawn; the first is what shrinking tries. */
const STEPS: Record<string, [weight: number, step: Step]> = {
  elementwise: [14, elementwise],
  batchNormalization: [16, batchNormalization],
  groupNormalization: [6, groupNormalization],
  conv: [14, conv],
  pointwise: [5, pointwise],
  depthwise: [3, depthwise],
  convTranspose: [5, convTranspose],
  gemm: [7, gemm],
  matmul: [7, matmul],
  negation: [2, negation],
  sumOfConstants: [2, sumOfConstants],
  activation: [6, activation],
  pool: [4, pool],
  averagePool: [2, averagePool],
  globalPool: [2, globalPool],
  pad: [3, pad],
  resize: [2, resize],
  depthToSpace: [2, depthToSpace],
  transpose: [3, transpose],
  reshape: [3, reshape],
  view: [2, view],
  expanded: [1, expanded],
  channelShuffle: [1, channelShuffle],
  flatten: [3, flatten],
  squeeze: [2, squeeze],
  unsqueeze: [2, unsqueeze],
  identity: [3, identity],
  nothing: [2, nothing],
  askedBetween: [2, askedBetween],
  concat: [4, concat],
  split: [2, split],
  residual: [5, residual],
  residualBlock: [3, residualBlock],
  parallelConvolutions: [4, parallelConvolutions],
  parallelLinear: [2, parallelLinear],
  lowRank: [2, lowRank],
  conditional: [2, conditional],
  localFunction: [3, localFunction],
  loop: [1, loop],
  transition: [2, transition],
  pooledConvolution: [1, pooledConvolution],
  upsampledConvolution: [5, upsampledConvolution],
  takenPositions: [2, takenPositions],
  contraction: [3, contraction],
  wideTransposed: [3, wideTransposed],
  expectation: [1, expectation],
  enlargedJoin: [8, enlargedJoin],
  inception: [2, inception],
  joined: [2, joined],
  upsampling: [4, upsampling],
  paddedLayer: [4, paddedLayer],
  trimmedLayer: [3, trimmedLayer],
  carriedDown: [3, carriedDown],
  carriedUp: [3, carriedUp],
  shuffledUnit: [1, shuffledUnit],
  shiftedJoin: [2, shiftedJoin],
  classifier: [2, classifier],
  writtenGelu: [2, writtenGelu],
  writtenHardSigmoid: [1, writtenHardSigmoid],
  scaledCopy: [3, scaledCopy],
  gated: [2, gated],
  lines: [5, lines],
  sloped: [3, sloped],
  clips: [7, clips],
  boundedImage: [3, boundedImage],
  branchesAndShortcut: [4, branchesAndShortcut],
  shiftedImage: [2, shiftedImage],
  slicedChannels: [2, slicedChannels],
  extraOutput: [2, extraOutput],
  axesProduct: [4, axesProduct],
  laidOutAnew: [4, laidOutAnew],
  focus: [2, focus],
  constantMap: [3, constantMap],
  oneHot: [3, oneHot],
  groups: [3, groups],
  dealtCells: [3, dealtCells],
  mixed: [3, mixed],
  parted: [1, parted],
  cutProjection: [4, cutProjection],
  normalised: [3, normalised],
  embedded: [2, embedded],
  rotated: [2, rotated],
  heads: [3, heads],
  gathered: [3, gathered],
};

/** One step: what, after which value (0 is the newest), and its choices. */
export interface RecipeStep {
  kind: string;
  after: number;
  choices: number[];
}

/** What a model is made of. */
export interface Recipe {
  opset: number;
  ir: number;
  /** TensorProto.DataType of its values: 1 (float32), or 11 (float64), which is compared to 1e-12. */
  type: number;
  /** Shape of the input; its first dimension is what it is fed with. */
  input: number[];
  /** Whether the file calls the batch "n" instead of saying its size. */
  dynamic: boolean;
  /** What the file says of its outputs and values: 0 their rank, 1 nothing, 2 all their dimensions. */
  told: number;
  /** Every n-th initializer is also a graph input; 0 for none. */
  overridable: number;
  steps: RecipeStep[];
  /** What it is fused for. */
  runtime: "onnxruntime" | "onnxruntime-cpu";
}

const OPSETS = [17, 13, 15, 11, 18, 9, 22, 20, 10, 7, 14, 12, 16, 19, 21, 8];

function arbitraryInput(): fc.Arbitrary<number[]> {
  const channels = fc.constantFrom(4, 3, 2, 6, 1, 8);
  const sized = (rank: number, most: number) =>
    fc.tuple(
      fc.constant(2),
      channels,
      ...Array.from({ length: rank }, () => fc.integer({ min: 2, max: most })),
    ) as fc.Arbitrary<number[]>;
  return fc.oneof(
    { weight: 10, arbitrary: sized(2, 7) },
    { weight: 4, arbitrary: sized(0, 0) },
    { weight: 4, arbitrary: sized(1, 10) },
    { weight: 2, arbitrary: sized(3, 4) },
  );
}

/** Recipes of at most `mostSteps` steps. */
export function arbitraryRecipe(mostSteps = 14): fc.Arbitrary<Recipe> {
  const step = fc.record({
    kind: fc.oneof(
      { withCrossShrink: true },
      ...Object.entries(STEPS).map(([kind, [weight]]) => ({ weight, arbitrary: fc.constant(kind) })),
    ),
    after: fc.oneof({ withCrossShrink: true }, { weight: 5, arbitrary: fc.constant(0) }, {
      weight: 1,
      arbitrary: fc.nat(5),
    }),
    choices: fc.array(fc.nat(839), { minLength: 24, maxLength: 24 }),
  });
  return fc.record({
    opset: fc.constantFrom(...OPSETS),
    ir: fc.constantFrom(8, 8, 8, 3, 4),
    type: fc.constantFrom(1, 1, 1, 1, 11),
    input: arbitraryInput(),
    dynamic: fc.boolean(),
    told: fc.nat(2),
    overridable: fc.constantFrom(0, 0, 0, 0, 0, 9),
    steps: fc.array(step, { minLength: 1, maxLength: mostSteps }),
    runtime: fc.constantFrom("onnxruntime", "onnxruntime", "onnxruntime-cpu"),
  });
}

/** The model of a recipe. */
export function modelOf(recipe: Recipe): TestModel {
  const { opset, ir, type, input } = recipe;
  const shared: Shared = { opset, ir, type, counter: { value: 0 }, functions: [], extraInputs: {}, types: { x: type } };
  const draft = new Draft(shared);
  draft.wires.push({ name: "x", dims: input });
  let last: Wire = draft.wires[0];
  for (const { kind, after, choices } of recipe.steps) {
    const x = after === 0 ? last : draft.wires[Math.max(0, draft.wires.length - 1 - after)];
    last = STEPS[kind][1](draft, x, new Choices(choices)) ?? last;
  }
  if (last === draft.wires[0]) last = draft.node("Identity", ["x"], input)!;
  return finished(draft, last, recipe);
}

function finished(draft: Draft, last: Wire, { opset, ir, input, dynamic, told, overridable }: Recipe): TestModel {
  const { shared, initializers } = draft;
  const used = new Set(draft.nodes.flatMap(usedNames));
  const leaves = draft.wires.filter(({ name }) => name !== "x" && !used.has(name));
  const outputs = new Map(
    [...leaves, ...draft.wires.filter(({ name }) => draft.outputs.has(name) && name !== "x"), last].map((
      w,
    ) => [w.name, w]),
  );
  const say = (dims: readonly number[]) =>
    told === 1 ? null : told === 2 && !dynamic ? [...dims] : dims.map(() => null);
  const alsoInputs = Object.keys(initializers).filter((_, at) =>
    ir < 4 || overridable > 0 && at % overridable === overridable - 1
  );
  return {
    opset,
    ir,
    inputs: {
      x: dynamic ? ["n", ...input.slice(1)] : [...input],
      ...shared.extraInputs,
      ...Object.fromEntries(alsoInputs.map((name) => [name, initializers[name].dims])),
    },
    types: { ...shared.types, ...Object.fromEntries(alsoInputs.map((name) => [name, initializers[name].type ?? 1])) },
    outputs: Object.fromEntries([...outputs.values()].map(({ name, dims }) => [name, say(dims)])),
    initializers,
    nodes: draft.nodes,
    valueInfo: told === 2 && !dynamic
      ? Object.fromEntries(
        draft.wires.slice(1).filter(({ name }) => !outputs.has(name)).map(({ name, dims }) => [name, [...dims]]),
      )
      : undefined,
    functions: shared.functions,
    opsets: shared.functions.length > 0 ? { test: 1 } : undefined,
  };
}

function usedNames(node: TestModel["nodes"][number]): string[] {
  const inner = Object.values(node.attributes ?? {}).flatMap((value) =>
    typeof value === "object" && "graph" in value ? value.graph.nodes.flatMap(usedNames) : []
  );
  return [...node.inputs, ...inner];
}
