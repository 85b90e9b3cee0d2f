/** Long models, one repeated step after another, to see how rewriting grows with the number of nodes. */
import { modelBytes, random, randomIn, tensor, type TestNode } from "./onnx_model.ts";

/** Nodes from value `x` to value `y`; `i` makes other names. */
type Link = (i: number, x: string, y: string) => TestNode[];

const SAME = { pads: [1, 1, 1, 1] };

/** The steps by what they are about. Weights are shared, which is the harder case for the rewriter. */
export const LINKS = {
  "Conv → BatchNormalization → Relu": (i, x, y) => [
    { op: "Conv", inputs: [x, "w"], outputs: [`c${i}`], attributes: SAME },
    { op: "BatchNormalization", inputs: [`c${i}`, "g", "b", "m", "v"], outputs: [`n${i}`] },
    { op: "Relu", inputs: [`n${i}`], outputs: [y] },
  ],
  "RepVGG block": (i, x, y) => [
    { op: "Conv", inputs: [x, "w"], outputs: [`c${i}`], attributes: SAME },
    { op: "Conv", inputs: [x, "k"], outputs: [`d${i}`] },
    { op: "Add", inputs: [`c${i}`, `d${i}`], outputs: [`e${i}`] },
    { op: "Add", inputs: [`e${i}`, x], outputs: [`f${i}`] },
    { op: "Relu", inputs: [`f${i}`], outputs: [y] },
  ],
  "Mul": (_i, x, y) => [{ op: "Mul", inputs: [x, "s"], outputs: [y] }],
  "Mul → Relu": (i, x, y) => [
    { op: "Mul", inputs: [x, "s"], outputs: [`c${i}`] },
    { op: "Relu", inputs: [`c${i}`], outputs: [y] },
  ],
  "1×1 Conv": (_i, x, y) => [{ op: "Conv", inputs: [x, "k"], outputs: [y] }],
  "one branch more to a sum": (i, x, y) => [
    { op: "Conv", inputs: ["x", "k"], outputs: [`c${i}`] },
    { op: "Add", inputs: [x, `c${i}`], outputs: [y] },
  ],
  "residual block": (i, x, y) => [
    { op: "Conv", inputs: [x, "w"], outputs: [`c${i}`], attributes: SAME },
    { op: "Sigmoid", inputs: [`c${i}`], outputs: [`d${i}`] },
    { op: "Add", inputs: [`d${i}`, x], outputs: [y] },
  ],
} satisfies Record<string, Link>;

/** A model of about `nodes` nodes: a Conv, and then the same link again and again. */
export function nodeChain(link: keyof typeof LINKS, nodes: number): Uint8Array<ArrayBuffer> {
  const all: TestNode[] = [{ op: "Conv", inputs: ["x", "w"], outputs: ["h0"], attributes: SAME }];
  let i = 0;
  while (all.length < nodes) all.push(...LINKS[link](i, `h${i}`, `h${++i}`));
  return modelBytes({
    nodes: all,
    inputs: { x: ["n", 4, 8, 8] },
    outputs: { [`h${i}`]: ["n", 4, null, null] },
    initializers: {
      w: random([4, 4, 3, 3], 1),
      k: randomIn(-0.25, 0.25, [4, 4, 1, 1], 2),
      s: tensor([], [1.0001]),
      g: randomIn(0.5, 1.5, [4], 3),
      b: random([4], 4),
      m: random([4], 5),
      v: randomIn(0.5, 1.5, [4], 6),
    },
  }) as Uint8Array<ArrayBuffer>;
}
