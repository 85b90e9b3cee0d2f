import type { Value } from "../graph/graph.ts";
import { fusedAttention } from "./attention.ts";
import { linear } from "./layers.ts";
import type { Network } from "./network.ts";
import { layerNorm } from "./norms.ts";
import { fixedClassifier, type Recipe } from "./recipe.ts";
import { mlp, patchTokens } from "./tokens.ts";

const BLOCKS = 12, WIDTH = 192, HEADS = 3, PATCH = 16, EPSILON = 1e-6;

/**
 * timm's ViT-Ti/16 (Dosovitskiy et al., 2020; Touvron et al., 2020): pre-norm blocks on 196 patches and a class token, which
 * alone is classified. [1, 3, 224, 224] → [1, 1000].
 */
function vitTiny(network: Network): Value {
  const patches = patchTokens(network, "patch_embed", WIDTH, PATCH);
  let x = network.op("Concat", [expandedToken(network, network.size(patches, 0)), patches], "", { axis: 1 });
  const positions = network.parameter("pos_embed", [1, network.size(x, 1), WIDTH], { kind: "normal", std: 0.1 });
  x = network.op("Add", [x, positions], "");
  for (let index = 0; index < BLOCKS; index++) {
    const path = `blocks.${index}`;
    const y = fusedAttention(network, layerNorm(network, x, `${path}.norm1`, EPSILON), `${path}.attn`, HEADS);
    x = network.op("Add", [x, y], path);
    x = network.op(
      "Add",
      [x, mlp(network, layerNorm(network, x, `${path}.norm2`, EPSILON), `${path}.mlp`, 4 * WIDTH)],
      path,
    );
  }
  x = layerNorm(network, x, "norm", EPSILON);
  return linear(network, network.op("Gather", [x, network.literal("", "int64", 0)], "", { axis: 1 }), "head", 1000);
}

/** `cls_token.expand(N, -1, -1)`, in which the exporter replaces each −1 by 1. */
function expandedToken(network: Network, batch: number): Value {
  const token = network.parameter("cls_token", [1, 1, WIDTH], { kind: "normal", std: 0.1 });
  const list = (values: readonly number[]) => network.literal("", "int64", values);
  const ones = network.ones("", list([3]));
  const unknown = network.op("Mul", [ones, network.literal("", "int64", -1)], "");
  const asked = list([batch, -1, -1]);
  const sizes = network.op("Where", [network.op("Equal", [asked, unknown], ""), ones, asked], "");
  return network.shaped(network.op("Expand", [token, sizes], ""), [batch, 1, WIDTH]);
}

/** Vision transformers by timm's names. */
export const VITS: Readonly<Record<"vit_tiny_patch16_224", Recipe>> = {
  vit_tiny_patch16_224: fixedClassifier(vitTiny),
};
