/**
 * All rules, in the order they are tried at a node.
 *
 * @module
 */
import type { Rule } from "../rewrite/rule.ts";
import { dilateLayer } from "./dilate_layer.ts";
import { dropExpand } from "./drop_expand.ts";
import { foldPad } from "./fold_pad.ts";
import { fuseAffineIntoLayer } from "./fuse_affine_into_layer.ts";
import { fuseAffineIntoNextLayer } from "./fuse_affine_into_next_layer.ts";
import { carryAffineToLayers } from "./carry_affine_to_layers.ts";
import { addLayersLast } from "./add_layers_last.ts";
import { cancelShift } from "./cancel_shift.ts";
import { composeLayers } from "./compose_layers.ts";
import { lookUpRows } from "./look_up_rows.ts";
import { mergeAffines } from "./merge_affines.ts";
import { mergeLayersOfParts } from "./merge_layers_of_parts.ts";
import { mergeMovements } from "./merge_movements.ts";
import { mergeParallelAffines } from "./merge_parallel_affines.ts";
import { mergeParallelLayers } from "./merge_parallel_layers.ts";
import { normaliseConstants } from "./normalise_constants.ts";
import { removeDeadNodes } from "./remove_dead_nodes.ts";
import { removeIdentity } from "./remove_identity.ts";
import { reorderAffineAndPool } from "./reorder_affine_and_pool.ts";
import { reorderLayerAndPool } from "./reorder_layer_and_pool.ts";
import { reorderResizeAndLayer } from "./reorder_resize_and_layer.ts";
import { splitLayerIntoPhases } from "./split_layer_into_phases.ts";
import { takeAverageFirst } from "./take_average_first.ts";
import { takeEntriesFirst } from "./take_entries_first.ts";
import { turnTransposedLayer } from "./turn_transposed_layer.ts";
import { writeContractionAsProduct } from "./write_contraction_as_product.ts";
import { putChannelsLast } from "./put_channels_last.ts";
import { splitLayerOfJoin } from "./split_layer_of_join.ts";
import { writeGroupNormalizationRule } from "./write_group_normalization.ts";
import { writeHardSigmoidRule } from "./write_hard_sigmoid.ts";
import { writeIdiom } from "./write_idiom.ts";
import { writePartsRule } from "./write_parts.ts";
import { writeTarget } from "./write_target.ts";
import { CPU_RULES } from "./for_cpu.ts";

/** Every rule there is. */
export const RULES: readonly Rule[] = [
  removeDeadNodes,
  normaliseConstants,
  removeIdentity,
  mergeMovements,
  writeTarget,
  dropExpand,
  writePartsRule,
  writeIdiom,
  writeGroupNormalizationRule,
  writeHardSigmoidRule,
  fuseAffineIntoLayer,
  fuseAffineIntoNextLayer,
  mergeAffines,
  carryAffineToLayers,
  cancelShift,
  dilateLayer,
  foldPad,
  mergeParallelLayers,
  mergeParallelAffines,
  mergeLayersOfParts,
  composeLayers,
  reorderAffineAndPool,
  reorderLayerAndPool,
  takeAverageFirst,
  reorderResizeAndLayer,
  splitLayerIntoPhases,
  splitLayerOfJoin,
  takeEntriesFirst,
  lookUpRows,
  turnTransposedLayer,
  putChannelsLast,
  writeContractionAsProduct,
  addLayersLast,
  ...CPU_RULES,
];
