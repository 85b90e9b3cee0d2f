/**
 * What times the models: a script for a thread of its own, so that the page stays in use meanwhile and can end it at once. ONNX
 * Runtime for browsers is inside, with its WebAssembly, since a page from a file share cannot fetch.
 *
 * @module
 */
import * as runtime from "onnxruntime-web/wasm";
import { type TimedLevel, timeInPage, type TimingRequest } from "./timing.ts";

declare const WASM_BASE64: string;

/** What the page asks for: one request, after which the thread has done what it is for. */
export type TimerRequest = Omit<TimingRequest, "onProgress" | "onPlan" | "onLevel">;

/** What the thread answers, in this order: plans and progress, each level as it is done, and last what it ends with. */
export type TimerAnswer =
  | { kind: "plan"; seconds: number; runMs: number; note?: string }
  | { kind: "progress"; fraction: number; text: string }
  | { kind: "level"; level: TimedLevel }
  | { kind: "done"; version: string }
  | { kind: "failed"; message: string };

/** Milliseconds between two words on how far it is. */
const EVERY_MS = 250;

const thread = globalThis as unknown as {
  onmessage: (event: { data: TimerRequest }) => Promise<void>;
  postMessage(answer: TimerAnswer): void;
};

const text = atob(WASM_BASE64), bytes = new Uint8Array(text.length);
for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
runtime.env.wasm.wasmBinary = bytes.buffer;
runtime.env.wasm.numThreads = 1; // more need headers that a file share does not send

thread.onmessage = async ({ data }) => {
  let said = -Infinity;
  try {
    await timeInPage(runtime, {
      ...data,
      onPlan: (plan) => thread.postMessage({ kind: "plan", ...plan }),
      onProgress: (fraction, text) => {
        if (performance.now() - said < EVERY_MS) return;
        said = performance.now();
        thread.postMessage({ kind: "progress", fraction, text });
      },
      onLevel: (level) => thread.postMessage({ kind: "level", level }),
    });
    thread.postMessage({ kind: "done", version: runtime.env.versions.web ?? "" });
  } catch (error) {
    thread.postMessage({ kind: "failed", message: error instanceof Error ? error.message : `${error}` });
  }
};
