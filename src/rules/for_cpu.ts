/**
 * Rules for `onnxruntime-cpu` alone: what pays only because of the CPU kernels of ONNX Runtime, its blocked layout above all. A
 * page in a browser is built without them.
 *
 * @module
 */
import type { Rule } from "../rewrite/rule.ts";
import { joinGroups } from "./join_groups.ts";
import { partLayer } from "./part_layer.ts";
import { writeAffineOnBlocks } from "./write_affine_on_blocks.ts";
import { writeClipsAsImages } from "./write_clips_as_images.ts";
import { writeLayerAsWinograd } from "./write_layer_as_winograd.ts";
import { writeLinesAsImages } from "./write_lines_as_images.ts";
import { writeOnBlocks } from "./write_on_blocks.ts";
import { writeSlopesAsRelu } from "./write_slopes_as_relu.ts";

/** Every rule that is for the CPU kernels alone; each says so in `runtimes`. */
export const CPU_RULES: readonly Rule[] = [
  writeLinesAsImages,
  writeClipsAsImages,
  writeSlopesAsRelu,
  writeAffineOnBlocks,
  writeOnBlocks,
  writeLayerAsWinograd,
  partLayer,
  joinGroups,
];
