import { type Examples, floats, positive, TYPE, wholes } from "../example.ts";

const x = floats(2, 3, 8);

const one = (example: ReturnType<Examples>[number]): Examples => () => [example];

/** Operators of com.microsoft that language models which generate text have. */
export const GENERATION: Record<string, Examples> = {
  CausalConvWithState: () => [
    { inputs: [floats(2, 4, 6), floats(4, 1, 3), floats(4)], outputs: 2 },
    { inputs: [floats(2, 4, 6), floats(4, 1, 3), null, floats(2, 4, 2)], outputs: 2 },
  ],
  GatedAdd: one({ inputs: [x, x, floats(2, 3, 1)] }),
  GatedRMSNorm: one({ inputs: [x, floats(8), x] }),
  GatherBlockQuantized: () => {
    const table = wholes(0, 255, [6, 16], TYPE.uint8), indices = wholes(0, 5, [2, 3]);
    return [
      { inputs: [table, indices, positive(6, 2)], attributes: { bits: 4, block_size: 16, quantize_axis: 1 } },
      { inputs: [table, indices, positive(6, 1)], attributes: { bits: 8, block_size: 16, quantize_axis: 1 } },
    ];
  },
  LinearAttention: () => {
    const attributes = { q_num_heads: 2, kv_num_heads: 2, update_rule: "linear" };
    return [
      { inputs: [x, x, floats(2, 3, 10)], attributes, outputs: 2 },
      { inputs: [x, x, floats(2, 3, 10), floats(2, 2, 4, 5)], attributes, outputs: 2 },
    ];
  },
  LinearAttentionGate: () => [
    { inputs: [x, floats(8), floats(8)] },
    { inputs: [x, floats(8), floats(8), floats(2, 3, 8)], outputs: 2 },
  ],
  MatMulBnb4: one({
    inputs: [floats(2, 3, 32), wholes(0, 255, [64], TYPE.uint8), positive(8)],
    attributes: { K: 32, N: 4, block_size: 16, quant_type: 1 },
  }),
  MoE: one({
    inputs: [floats(3, 4), floats(3, 2), floats(2, 6, 4), null, floats(2, 4, 6)],
    attributes: { activation_type: "relu", k: 1 },
  }),
  MRotaryEmbedding: one({
    inputs: [floats(2, 2, 3, 8), wholes(0, 2, [3, 2, 3]), floats(4, 4), floats(4, 4)],
    attributes: { mrope_section: [2, 1, 1] },
  }),
  NGramRepeatBlock: one({ inputs: [wholes(0, 4, [2, 5]), floats(2, 6)], attributes: { ngram_size: 2 } }),
  QMoE: one({
    inputs: [
      floats(3, 32),
      floats(3, 2),
      wholes(0, 255, [2, 32, 16], TYPE.uint8),
      positive(2, 32),
      null,
      wholes(0, 255, [2, 32, 16], TYPE.uint8),
      positive(2, 32),
    ],
    parameters: [2, 3, 5, 6],
    attributes: { activation_type: "relu", k: 1, expert_weight_bits: 4 },
  }),
};
