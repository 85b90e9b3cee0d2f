import type { Choices } from "../choices.ts";
import { tensor, type TestTensor } from "../../onnx_model.ts";
import { Draft, type Wire } from "../draft.ts";
import { batchNormalization, elementwise } from "./affines.ts";
import { conv, convOf, gemm, layerWeight, matmul, square, type Step } from "./layers.ts";

/** Adds up values of one shape: a chain of Adds (now and then a Sub), or one Sum. */
function sumOf(draft: Draft, parts: Wire[], choices: Choices): Wire | undefined {
  if (choices.once(3)) return draft.node("Sum", parts.map(({ name }) => name), parts[0].dims);
  return parts.slice(1).reduce<Wire | undefined>((sum, part) => {
    const op = choices.pick(["Add", "Add", "Sub"]);
    return sum && draft.node(op, choices.once(2) ? [part.name, sum.name] : [sum.name, part.name], sum.dims);
  }, parts[0]);
}

/** Add (or Sub or Mul) of this value and an earlier one of the same shape. */
export const residual: Step = (draft, x, choices) => {
  const fits = draft.wires.filter(({ name, dims }) => name !== x.name && dims.join() === x.dims.join());
  if (fits.length === 0) return undefined;
  const other = fits[fits.length - 1 - choices.below(fits.length)];
  const op = choices.pick(["Add", "Add", "Sub", "Add", "Mul"]);
  return draft.node(op, choices.once(2) ? [other.name, x.name] : [x.name, other.name], x.dims);
};

/** A residual block: layers with an affine each, added to their input. */
export const residualBlock: Step = (draft, x, choices) => {
  if (x.dims.length < 3 || x.dims.length > 5) return undefined;
  const inner = convOf(draft, x, choices, square(x.dims.length - 2, choices.pick([1, 3])), x.dims[1]);
  const normal = inner && batchNormalization(draft, inner, choices);
  return normal && sumOf(draft, choices.once(2) ? [x, normal] : [normal, x], choices);
};

/** Branches on one input as RepVGG, ACNet and DBB train them: k×k, 1×1, 1×k, the identity and a pool, each with its BN. */
export const parallelConvolutions: Step = (draft, x, choices) => {
  const rank = x.dims.length - 2;
  if (rank < 1 || rank > 3) return undefined;
  const stride = choices.once(4) ? 2 : 1, channels = choices.pick([x.dims[1], 4]);
  const group = channels === x.dims[1] && choices.once(4) ? channels : 1;
  const branches: (Wire | undefined)[] = [];
  const count = choices.pick([2, 2, 3]);
  while (branches.length < count) {
    const kind = choices.below(6);
    const plain = stride === 1 && channels === x.dims[1];
    const g = kind === 1 ? square(rank, 1, 0, stride) : square(rank, 3, 1, stride);
    if (kind === 2) [g.kernel[0], g.pads[0], g.pads[rank]] = [1, 0, 0];
    const made = kind === 4 && plain ? x : kind === 5 && plain
      ? draft.node("AveragePool", [x.name], x.dims, {
        ...g,
        autoPad: undefined,
        kernel_shape: g.kernel,
        kernel: undefined,
        dilations: undefined,
        count_include_pad: choices.once(3) ? undefined : 1,
      })
      : convOf(draft, x, choices, g, channels, group);
    const normal = made && choices.once(2) ? batchNormalization(draft, made, choices) : made;
    branches.push(normal);
  }
  if (branches.some((branch) => !branch)) return undefined;
  return sumOf(draft, branches as Wire[], choices);
};

/** Two layers on one input, added: Gemm or MatMul. */
export const parallelLinear: Step = (draft, x, choices) => {
  const step = x.dims.length === 2 && choices.once(2) ? gemm : matmul;
  const a = step(draft, x, choices), b = a && step(draft, x, choices);
  if (!a || !b || a.dims.join() !== b.dims.join()) return b;
  return sumOf(draft, [a, b], choices);
};

/** x·W + (x·A)·B·s, as an adapter that was not merged. */
export const lowRank: Step = (draft, x, choices) => {
  const last = x.dims[x.dims.length - 1], out = choices.pick([4, 8, 6]), rank = choices.pick([2, 1]);
  if (x.dims.length < 2) return undefined;
  const times = (value: Wire | undefined, from: number, to: number) =>
    value &&
    draft.node("MatMul", [value.name, layerWeight(draft, choices, [from, to], from)], [...value.dims.slice(0, -1), to]);
  const main = times(x, last, out);
  const low = times(times(x, last, rank), rank, out);
  const scaled = low && draft.node("Mul", [low.name, draft.constant(choices, { dims: [], values: [0.7] })], low.dims);
  return main && scaled && sumOf(draft, [main, scaled], choices);
};

/** One value as an additional graph output, so that it must stay. */
export const extraOutput: Step = (draft, x) => {
  draft.outputs.add(x.name);
  return x;
};

/** If: layers on a captured value in its branches, with weights of the outer graph or their own. */
export const conditional: Step = (draft, x, choices) => {
  if (draft.parent || x.dims.length < 3 || x.dims.length > 5) return undefined;
  const branch = (weighted: boolean) => {
    const inner = new Draft(draft.shared, draft);
    const holder = choices.once(2) ? draft : inner;
    const w = layerWeight(holder, choices, [x.dims[1], x.dims[1], ...x.dims.slice(2).map(() => 1)], x.dims[1]);
    const first = weighted ? inner.node("Conv", [x.name, w], x.dims) : inner.node("Identity", [x.name], x.dims);
    const last = first && (choices.once(2) ? batchNormalization : elementwise)(inner, first, choices);
    return last && last.dims.join() === x.dims.join() ? inner.subgraph(last) : undefined;
  };
  const thenBranch = branch(true), elseBranch = thenBranch && branch(choices.once(2));
  if (!thenBranch || !elseBranch) return undefined;
  const condition = draft.fresh("cond");
  draft.shared.types[condition] = 9;
  if (choices.once(4)) draft.initializers[condition] = tensor([], [choices.below(2)], 9);
  else draft.shared.extraInputs[condition] = [];
  return draft.node("If", [condition], x.dims, {
    then_branch: { graph: thenBranch },
    else_branch: { graph: elseBranch },
  });
};

/** Loop: a layer and an affine on the value it carries, twice. */
export const loop: Step = (draft, x, choices) => {
  if (draft.parent || x.dims.length < 3 || x.dims.length > 5 || draft.opset < 11) return undefined;
  const inner = new Draft(draft.shared, draft), holder = choices.once(2) ? draft : inner;
  const [round, going, goingOn, state] = ["round", "going", "on", "state"].map((base) => draft.fresh(base));
  const w = layerWeight(holder, choices, [x.dims[1], x.dims[1], ...x.dims.slice(2).map(() => 1)], x.dims[1]);
  const first = inner.node("Conv", [state, w], x.dims);
  const last = first && batchNormalization(inner, first, choices);
  if (!last) return undefined;
  const body = {
    ...inner.subgraph(last),
    inputs: { [round]: [], [going]: [], [state]: [...x.dims] },
    nodes: [...inner.nodes, { op: "Identity", inputs: [going], outputs: [goingOn] }],
    outputs: { [goingOn]: [], [last.name]: [...x.dims] },
    types: { [round]: 7, [going]: 9, [goingOn]: 9, [state]: draft.shared.type, [last.name]: draft.shared.type },
  };
  return draft.node("Loop", [draft.integers([2], []), "", x.name], x.dims, { body: { graph: body } });
};

/** A call of a model-local function with a layer and an affine inside. */
export const localFunction: Step = (draft, x, choices) => {
  if (draft.parent || draft.shared.ir < 8 || draft.opset < 15 || x.dims.length < 3) return undefined;
  const body = new Draft({ ...draft.shared, ir: 3, extraInputs: {}, types: {} }, draft);
  const captured = { name: "x", dims: x.dims };
  const inner = choices.once(2) ? captured : conv(body, captured, choices);
  const last = inner && batchNormalization(body, inner, choices), name = draft.fresh("Layer");
  if (!last) return undefined;
  const nodes = body.nodes.map((node) => ({ ...node, inputs: [...node.inputs] }));
  const constants = nodes.filter(({ op }) => op === "Constant");
  const passed = choices.once(2) ? constants.filter(({ attributes }) => "tensor" in (attributes?.value as object)) : [];
  for (const { outputs: [weight], attributes } of passed) {
    draft.initializers[weight] = (attributes!.value as { tensor: TestTensor }).tensor; // a weight that is an input of the function
  }
  const own = nodes.filter((node) => !passed.includes(node));
  const given = [...new Set(own.flatMap(({ inputs }) => inputs).filter((input) => draft.initializers[input]))];
  draft.shared.functions.push({ name, domain: "test", inputs: ["x", ...given], outputs: [last.name], nodes: own });
  return draft.nodeOf(name, [x.name, ...given], [last.dims], {}, { domain: "test" })?.[0];
};
