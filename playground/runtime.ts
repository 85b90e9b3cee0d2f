/**
 * ONNX Runtime for browsers with its WebAssembly inside: one script, since a page from a file share cannot fetch.
 *
 * @module
 */
import * as runtime from "onnxruntime-web/wasm";

declare const WASM_BASE64: string;

const text = atob(WASM_BASE64), bytes = new Uint8Array(text.length);
for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
runtime.env.wasm.wasmBinary = bytes.buffer;
runtime.env.wasm.numThreads = 1; // more need headers that a file share does not send

(globalThis as unknown as { layerfuseRuntime: typeof runtime }).layerfuseRuntime = runtime;
