/**
 * What a model is rewritten for. `onnxruntime`: what ONNX Runtime gains from with every provider; `onnxruntime-cpu`: also what
 * only its CPU kernels reward; `none`: nodes count as the file has them.
 */
export type Runtime = "onnxruntime" | "onnxruntime-cpu" | "none";
