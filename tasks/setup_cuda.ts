/**
 * `deno task setup:cuda`: puts ONNX Runtime's CUDA and TensorRT libraries, which are too large for npm, beside the ones the npm
 * package has, by the package's own install script (it downloads them from Microsoft's NuGet feed; Linux x64 and Windows x64).
 * The GPU's driver, the CUDA 12 runtime and cuDNN 9 are the system's matter.
 *
 * @module
 */
import config from "../deno.json" with { type: "json" };

/** Runs the script of the package's version this project uses, in Deno's cache. Resolves to the exit code. */
export async function setupCuda(): Promise<number> {
  if (!["linux", "windows"].includes(Deno.build.os) || Deno.build.arch !== "x86_64") {
    console.error(`setup:cuda: ONNX Runtime has no CUDA libraries for ${Deno.build.os} ${Deno.build.arch}.`);
    return 2;
  }
  const script = `${config.imports["onnxruntime-node"]}/script/install.js`;
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-lock", script, "--onnxruntime-node-install=cuda12"],
  }).spawn().status;
  if (!success) {
    console.error("setup:cuda: the libraries could not be downloaded. Is the network reachable? Nothing was changed.");
    return 1;
  }
  console.log(
    "ONNX Runtime's CUDA libraries are in place. Try: deno task layerfuse compare MODEL.onnx --provider cuda",
  );
  return 0;
}

if (import.meta.main) Deno.exit(await setupCuda());
