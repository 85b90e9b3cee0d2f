/** Whole numbers that become vectors, times a matrix. */
import { bias, layerWeight, type Step } from "./layers.ts";

const INT64 = 7;

/** One-hot vectors of an input of whole numbers, some of them outside, by OneHot or by a comparison with all entries. */
export const oneHot: Step = (draft, x, choices) => {
  const { opset, shared } = draft, [rows] = x.dims;
  if (draft.parent || opset < 9) return undefined;
  const count = choices.pick([5, 3, 12]), columns = choices.pick([4, 6]), lead = choices.pick([[rows], [rows, 3]]);
  const indices = draft.fresh("places"), integers = (values: number[]) => draft.integers(values, []);
  shared.extraInputs[indices] = lead;
  shared.types[indices] = INT64;
  const dims = [...lead, count], range = [...Array(count).keys()];
  const compared = () => {
    const axes: Record<string, number[]> = opset < 13 ? { axes: [lead.length] } : {};
    const inputs = opset < 13 ? [indices] : [indices, draft.integers([lead.length])];
    const one = draft.hidden("Unsqueeze", inputs, axes), all = draft.integers(range);
    return draft.hidden("Equal", choices.once(2) ? [all, one] : [one, all]);
  };
  const hot = choices.once(2)
    ? compared()
    : draft.hidden("OneHot", [indices, integers([count]), draft.integers([0, choices.once(5) ? 2 : 1])], { axis: -1 });
  const vectors = draft.node("Cast", [hot], dims, { to: shared.type });
  const matrix = layerWeight(draft, choices, [count, columns], 2);
  const product = vectors && draft.node("MatMul", [vectors.name, matrix], [...lead, columns]);
  return product &&
    (choices.once(2) ? draft.node("Add", [product.name, bias(draft, choices, columns)], product.dims) : product);
};
