/**
 * Execution providers by name: which there are, whether one starts here, and how to get it when it does not.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { listSupportedBackends } from "onnxruntime-node";
import { systemText } from "../host/system_files.ts";
import { openSession } from "./session.ts";
import type { Provider } from "./types.ts";

/** Every provider that can be asked for. */
export const PROVIDERS: readonly Provider[] = ["cpu", "cuda", "tensorrt", "webgpu", "coreml", "dml"];

/** The runtime's own names, as they stand in its profile. */
export const PROVIDER_CLASSES: Readonly<Record<Provider, string>> = {
  cpu: "CPUExecutionProvider",
  cuda: "CUDAExecutionProvider",
  tensorrt: "TensorrtExecutionProvider",
  webgpu: "WebGpuExecutionProvider",
  coreml: "CoreMLExecutionProvider",
  dml: "DmlExecutionProvider",
};

const HOW_TO_GET: Readonly<Record<Provider, string>> = {
  cpu: "It is always there: onnxruntime-node itself does not load.",
  cuda:
    "It needs an NVIDIA GPU with its driver, the CUDA 12 runtime and cuDNN 9 on the library path, and ONNX Runtime's " +
    "CUDA library: `deno task setup:cuda`.",
  tensorrt: "It needs what cuda needs (`deno task setup:cuda`) and TensorRT's libraries on the library path.",
  webgpu: "It needs a Vulkan, Metal or D3D12 driver. Without a GPU, SwiftShader does: install chromium (it ships " +
    "vk_swiftshader_icd.json and libvulkan.so.1) and set VK_ICD_FILENAMES and VK_DRIVER_FILES to " +
    "/usr/lib/chromium/vk_swiftshader_icd.json, and LD_LIBRARY_PATH to /usr/lib/chromium where libvulkan.so.1 is not installed.",
  coreml: "It is part of onnxruntime-node on macOS only.",
  dml: "It is part of onnxruntime-node on Windows only.",
};

/** A provider that was asked for, found out. */
export interface ResolvedProvider {
  /** The provider to use. */
  provider: Provider;
  /** What a reader should know: why `auto` did not take the GPU, TF32, … */
  notes: string[];
}

/** Checks a provider's name. @throws {Error} That lists the names, if it is none of them. */
export function parseProvider(name: string): Provider | "auto" {
  if (name === "auto" || (PROVIDERS as readonly string[]).includes(name)) return name as Provider | "auto";
  throw new Error(`provider ${JSON.stringify(name)}: unknown; expected auto, ${PROVIDERS.join(", ")}`);
}

/**
 * Finds the provider to use by starting a session on the model.
 *
 * `auto` is cuda where ONNX Runtime's CUDA library is installed and starts, else cpu; it never fails for want of a provider.
 *
 * @throws {Error} If the name is unknown, or the provider named cannot start (with how to get it), or no provider can load the model.
 */
export async function resolveProvider(name: string, path: string): Promise<ResolvedProvider> {
  const asked = parseProvider(name);
  if (asked === "cpu") return { provider: "cpu", notes: [] };
  if (asked !== "auto") {
    await start(asked, path);
    return { provider: asked, notes: numericNotes(asked) };
  }
  if (!hasProviderLibrary("cuda")) return { provider: "cpu", notes: [] };
  try {
    await start("cuda", path);
    return { provider: "cuda", notes: numericNotes("cuda") };
  } catch (error) {
    return { provider: "cpu", notes: [`auto fell back to cpu. ${error instanceof Error ? error.message : error}`] };
  }
}

async function start(provider: Provider, path: string): Promise<void> {
  const bundled = listSupportedBackends().map((backend) => backend.name);
  if (!bundled.includes(provider)) {
    throw new Error(
      `provider ${provider}: not in onnxruntime-node for ${process.platform} (${bundled.join(", ")}). ${
        HOW_TO_GET[provider]
      }`,
    );
  }
  if (!hasProviderLibrary(provider)) {
    throw new Error(
      `provider ${provider} cannot start: ONNX Runtime's ${provider} library is not installed. ${HOW_TO_GET[provider]}`,
    );
  }
  try {
    await using _session = await openSession(path, { provider });
  } catch (error) {
    await using _session = await openSession(path); // a model that no provider loads is not the provider's fault
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`provider ${provider} cannot start: ${reason.trim()}. ${HOW_TO_GET[provider]}`);
  }
}

/** Providers in libraries of their own: looked for first, since the runtime prints to stderr when it misses one. */
function hasProviderLibrary(provider: Provider): boolean {
  if (provider !== "cuda" && provider !== "tensorrt") return true;
  const windows = process.platform === "win32";
  const name = windows ? `onnxruntime_providers_${provider}.dll` : `libonnxruntime_providers_${provider}.so`;
  const directory = nativeDirectory();
  return directory === undefined || existsSync(join(directory, name));
}

/** Where ONNX Runtime's native libraries lie; undefined where that cannot be found out. */
function nativeDirectory(): string | undefined {
  try {
    const loaded = /\S+(?=\/libonnxruntime\.so)/.exec(systemText(`/proc/${process.pid}/maps`) ?? "");
    if (loaded) return loaded[0];
    const { platform, arch } = process;
    return join(
      dirname(fileURLToPath(import.meta.resolve("onnxruntime-node"))),
      "..",
      "bin",
      "napi-v6",
      platform,
      arch,
    );
  } catch {
    return undefined;
  }
}

function numericNotes(provider: Provider): string[] {
  if (provider !== "cuda" && provider !== "tensorrt") return [];
  const notes = [`${provider}: times include the copies of inputs and outputs between host and device.`];
  if (process.env.NVIDIA_TF32_OVERRIDE !== "0") {
    notes.push(
      `${provider}: TF32 may be in use, which rounds to 10 bits; set NVIDIA_TF32_OVERRIDE=0 for float32 proper.`,
    );
  }
  return notes;
}
