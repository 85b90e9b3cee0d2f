import type { Value } from "../graph/graph.ts";
import { conv, silu, upsample } from "./layers.ts";
import type { Network } from "./network.ts";
import { groupNorm } from "./norms.ts";
import type { Recipe } from "./recipe.ts";

/** Channels at each size, from the latents' to eight times that. */
const WIDTHS = [256, 128, 64, 32];
const GROUPS = 32, EPSILON = 1e-6, LATENT = 4;
const BIASED = { kernel: 3, bias: true, init: "default" } as const;

/**
 * The decoder of a variational autoencoder with the layers of latent diffusion's (Rombach et al., 2021): a residual block at
 * the latents' size, then GroupNorm, SiLU, nearest ×2 upsampling and a 3×3 convolution three times.
 * Latents [N, 4, H, W] → images [N, 3, 8H, 8W].
 */
function vaeDecoder(network: Network): Value {
  let x = conv(network, network.input, "conv_in", { out: WIDTHS[0], ...BIASED });
  x = residual(network, x, "mid");
  WIDTHS.slice(1).forEach((out, index) => {
    const path = `up.${index}`;
    const y = silu(network, groupNorm(network, x, `${path}.norm`, GROUPS, EPSILON), `${path}.act`);
    x = conv(network, upsample(network, y, `${path}.upsample`), `${path}.conv`, { out, ...BIASED });
  });
  x = silu(network, groupNorm(network, x, "norm_out", GROUPS, EPSILON), "act");
  return conv(network, x, "conv_out", { out: 3, ...BIASED });
}

function residual(network: Network, x: Value, path: string): Value {
  let y = x;
  ["", "_1"].forEach((use, index) => {
    y = silu(network, groupNorm(network, y, `${path}.norm${index + 1}`, GROUPS, EPSILON), `${path}.act${use}`);
    y = conv(network, y, `${path}.conv${index + 1}`, { out: network.channels(x), ...BIASED });
  });
  return network.op("Add", [x, y], path);
}

/** VAE decoders by name. */
export const VAE_DECODERS: Readonly<Record<"vae_decoder", Recipe>> = {
  vae_decoder: {
    input: ["batch", LATENT, "height", "width"],
    output: ["batch", 3, null, null],
    defaultInput: [1, LATENT, 32, 32],
    layers: vaeDecoder,
  },
};
