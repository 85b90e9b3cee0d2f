/**
 * The fusion module: rewrites an ONNX model so that consecutive linear layers become one.
 *
 * @module
 */
export { type ElementType, type NumericType, type OpaqueType } from "../tensor/element_type.ts";
export { Model, type ModelPort } from "./model.ts";
export { type ModelSource, open, type OpenOptions } from "./open.ts";
export { type SaveOptions } from "./save.ts";
export { type DownloadOptions } from "../io/download.ts";
export { type SavedFiles } from "../io/save_files.ts";
export { type Dim } from "../graph/graph.ts";
export { type ModelStats } from "../graph/stats.ts";
export { ChangedFileError, DownloadError, FileError, ModelFormatError, RewriteError } from "../io/errors.ts";
export { type WrongClaim } from "../ops/claims.ts";
export { SKIP_CODES, type SkipCode } from "../ops/skip.ts";
export { type AppliedRewrite, type Cost, type FusionReport, type SkippedRewrite } from "../rewrite/report.ts";
export { type Runtime } from "../rewrite/runtime.ts";
export { OptionError } from "../host/options.ts";
export { RuleError } from "../rewrite/rule_failure.ts";
export { type ListedRule, listRules, type RuleChoice, RuleNameError } from "./choose_rules.ts";
export { layersOf, type LayerWork } from "./layers_of.ts";
export { explain, fuse, type FuseOptions, type FuseResult } from "./fuse.ts";
export { type Measure, type MeasuredVerdict } from "./measure.ts";
