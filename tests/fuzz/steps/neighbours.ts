/** Linear neighbours written in uncommon ways: Einsum over any axes, Focus, a constant map, recurrent layers. */
import type { Wire } from "../draft.ts";
import { convOf, layerWeight, square, type Step } from "./layers.ts";

/** A product with a constant: letters in any order, one perhaps shared by all three, one or two that the constant brings. */
export const axesProduct: Step = (draft, x, choices) => {
  const rank = x.dims.length;
  if (draft.opset < 12 || rank < 2 || rank > 4) return undefined;
  const letters = "abcd".slice(0, rank), summed = choices.pick([...letters]), brings = choices.pick(["m", "mn"]);
  const others = [...letters].filter((letter) => letter !== summed), shared = choices.once(3) ? others[0] : "";
  const sizes: Record<string, number> = {
    m: 2,
    n: 3,
    ...Object.fromEntries([...letters].map((one, at) => [one, x.dims[at]])),
  };
  if (brings.length + others.length > 4 || Object.values(sizes).includes(1)) return undefined;
  const w = choices.once(2) ? shared + summed + brings : brings + shared + summed;
  const out = choices.once(2) ? others.join("") + brings : brings + others.toReversed().join("");
  const dims = (text: string) => [...text].map((letter) => sizes[letter]);
  const weight = layerWeight(draft, choices, dims(w), sizes[summed]), isFirst = choices.once(4);
  const equation = isFirst ? `${w},${letters}->${out}` : `${letters},${w}->${out}`;
  return draft.node("Einsum", isFirst ? [weight, x.name] : [x.name, weight], dims(out), { equation });
};

/** A layer of a map, its cells laid out as tokens, and a product of these; or the other way round. */
export const laidOutAnew: Step = (draft, x, choices) => {
  const [n, c, ...spatial] = x.dims, rank = x.dims.length, outputs = choices.pick([2, 4, 6]);
  if (draft.opset < 5 || rank < 3 || rank > 4) return undefined;
  const product = (from: Wire | undefined, columns: number): Wire | undefined => {
    if (!from) return undefined;
    const inner = from.dims.at(-1)!, w = layerWeight(draft, choices, [inner, columns], inner);
    const made = draft.node("MatMul", [from.name, w], from.dims.with(-1, columns));
    if (!made || draft.opset < 7 || choices.once(2)) return made;
    return draft.node("Add", [made.name, draft.constant(choices, draft.values([columns], 0, 0.5))], made.dims);
  };
  const turned = (from: Wire) =>
    draft.node("Transpose", [from.name], from.dims.toSpliced(1, 2, from.dims[2], from.dims[1]), { perm: [0, 2, 1] });
  const shaped = (from: Wire | undefined, dims: number[]) =>
    from && draft.node("Reshape", [from.name, draft.integers(choices.once(2) ? [0, ...dims.slice(1)] : dims)], dims);
  if (rank === 4) {
    const map = convOf(draft, x, choices, square(2, choices.pick([1, 1, 2]), 0), choices.pick([2, 4, 6]));
    const flat = map && shaped(map, [n, map.dims[1], map.dims[2] * map.dims[3]]), tokens = flat && turned(flat);
    return product(tokens, outputs);
  }
  const made = product(x, choices.pick([2, 4, 6])), channels = made && turned(made), length = c;
  const split = [1, 2, 3, 4].filter((by) => length % by === 0), by = choices.pick(split);
  const map = channels && shaped(channels, [n, channels.dims[1], by, length / by]);
  return map && spatial.length === 1
    ? convOf(draft, map, choices, square(2, choices.pick([1, 1, 3])), outputs)
    : undefined;
};

/** Every second cell from each offset, side by side in channels. */
export const focus: Step = (draft, x, choices) => {
  const [n, c, ...spatial] = x.dims;
  if (draft.opset < 10 || spatial.length !== 2 || spatial.some((size) => size % 2 !== 0)) return undefined;
  const offsets = choices.pick([[[0, 0], [1, 0], [0, 1], [1, 1]], [[0, 0], [0, 1], [1, 0], [1, 1]], [[0, 1], [1, 0]]]);
  const half = spatial.map((size) => size / 2);
  const parts = offsets.map((offset): Wire | undefined =>
    draft.node(
      "Slice",
      [x.name, ...[offset, [2 ** 31 - 1, 2 ** 31 - 1], [2, 3], [2, 2]].map((values) => draft.integers(values))],
      [n, c, ...half],
    )
  );
  if (parts.some((part) => !part)) return undefined;
  return draft.node("Concat", parts.map((part) => part!.name), [n, offsets.length * c, ...half], { axis: 1 });
};

/** A constant that varies along the last two axes, added or taken away. */
export const constantMap: Step = (draft, x, choices) => {
  if (x.dims.length < 3 || draft.opset < 7) return undefined;
  const map = draft.constant(choices, draft.values(x.dims.slice(-2), 0.1, 1)), op = choices.pick(["Add", "Sub"]);
  return draft.node(op, choices.once(3) ? [map, x.name] : [x.name, map], x.dims);
};

/** Equal layers of equal parts of the channels, side by side again: groups as exporters write them out. */
export const groups: Step = (draft, x, choices) => {
  const [n, channels, ...spatial] = x.dims, count = choices.pick([2, 3, 4]), length = channels / count;
  if (spatial.length < 1 || spatial.length > 3 || !Number.isInteger(length)) return undefined;
  const shapes = Array.from({ length: count }, () => [n, length, ...spatial]), split = shapes.map(() => length);
  const parts = draft.opset < 13
    ? draft.nodeOf("Split", [x.name], shapes, { axis: 1, split })
    : draft.nodeOf("Split", [x.name, draft.integers(split)], shapes, { axis: 1 });
  const window = square(spatial.length, choices.pick([1, 1, 3])), outputs = choices.pick([1, 2]);
  const made = parts?.map((part) => convOf(draft, part, choices, window, outputs));
  if (!made?.every((layer) => layer !== undefined)) return undefined;
  const [{ dims }] = made;
  return draft.node("Concat", made.map(({ name }) => name), dims.with(1, count * outputs), { axis: 1 });
};

/** A layer of cells dealt out to batches, put back behind it: a dilated convolution as TensorFlow writes it. */
export const dealtCells: Step = (draft, x, choices) => {
  const [n, channels, ...sizes] = x.dims, block = choices.pick([2, 3]), perm = [1, 0, 2, 3];
  if (sizes.length !== 2 || draft.opset < 11) return undefined;
  const turned = (y: Wire | undefined) =>
    y && draft.node("Transpose", [y.name], [y.dims[1], y.dims[0], ...y.dims.slice(2)], { perm });
  const begin = choices.below(3), pads = sizes.map((size) => begin + (block - (size + begin) % block) % block);
  const padded = sizes.map((size, axis) => size + pads[axis]), cells = padded.map((size) => size / block);
  const image = turned(x), ends = pads.map((pad) => pad - begin);
  const wide = image && draft.node(
    "Pad",
    [image.name, draft.integers([0, 0, begin, begin, 0, 0, ...ends])],
    [channels, n, ...padded],
  );
  const deep = wide &&
    draft.node("SpaceToDepth", [wide.name], [channels, n * block ** 2, ...cells], { blocksize: block });
  const batches = turned(deep), made = batches && convOf(draft, batches, choices, square(2, 3), choices.pick([2, 4]));
  const back = turned(made);
  if (!back || back.dims.slice(2).join() !== cells.join()) return undefined;
  const dims = [back.dims[0], n, ...padded];
  const whole = draft.node("DepthToSpace", [back.name], dims, { blocksize: block });
  if (!whole || choices.once(3)) return turned(whole);
  const cut = [ends.map((end) => end > 0 ? -end : 2 ** 31 - 1), [2, 3]].map((values) => draft.integers(values));
  return turned(
    draft.node("Slice", [whole.name, draft.integers([begin, begin]), ...cut], [...dims.slice(0, 2), ...sizes]),
  );
};

/** Two products one after the other, of whose middle the shape is asked for: it is often that of what the first one takes. */
export const askedBetween: Step = (draft, x, choices) => {
  const rank = x.dims.length, width = x.dims[rank - 1];
  if (draft.opset < 9 || rank < 2) return undefined;
  const product = (from: Wire | undefined, columns: number): Wire | undefined => {
    const inner = from?.dims[rank - 1] ?? 0;
    return from && draft.node(
      "MatMul",
      [from.name, layerWeight(draft, choices, [inner, columns], inner)],
      from.dims.with(rank - 1, columns),
    );
  };
  const first = choices.once(3) ? product(x, choices.pick([width, 2])) : x,
    middle = product(first, choices.pick([width, width, 3]));
  const last = product(middle, choices.pick([1, 2]));
  if (!middle || !last) return undefined;
  const wide = draft.node("Expand", [draft.number(0.5), draft.hidden("Shape", [middle.name])], middle.dims);
  return wide &&
    draft.node(
      "Concat",
      [last.name, wide.name],
      last.dims.with(rank - 1, last.dims[rank - 1] + middle.dims[rank - 1]),
      {
        axis: rank - 1,
      },
    );
};
