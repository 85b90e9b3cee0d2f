/**
 * `deno task lab [JUPYTERLAB ARGUMENTS]`: opens JupyterLab on `notebooks/` with the kernel that `deno task notebooks` uses.
 * JupyterLab comes from PATH, or is installed into the project's `.venv` the first time.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { installKernel, KERNEL } from "./kernel.ts";
import { type Needs, pythonWith } from "./python.ts";
import { root } from "./root.ts";

/** What JupyterLab takes. */
export const LAB_NEEDS: Needs = {
  check:
    "import jupyterlab; from importlib.metadata import version; assert int(version('jupyterlab').split('.')[0]) >= 4",
  requirements: "jupyter/requirements_lab.txt",
};

/** Starts JupyterLab and resolves to its exit code. */
async function main(): Promise<number> {
  const python = await pythonWith(LAB_NEEDS);
  if (!python.path) {
    console.error(`JupyterLab cannot start: ${python.missing}.`);
    return 1;
  }
  Deno.addSignalListener("SIGINT", () => {}); // Ctrl-C is JupyterLab's: it asks, then stops its kernels
  const child = new Deno.Command(python.path, {
    args: [
      "-m",
      "jupyterlab",
      ...Deno.build.os !== "windows" && Deno.uid() === 0 ? ["--allow-root"] : [], // a container's user
      ...Deno.args.some((argument) => argument.startsWith("--notebook-dir="))
        ? []
        : [`--notebook-dir=${fileURLToPath(new URL("notebooks/", root))}`],
      `--KernelSpecManager.allowed_kernelspecs=${KERNEL}`,
      "--KernelSpecManager.ensure_native_kernel=False",
      `--MultiKernelManager.default_kernel_name=${KERNEL}`,
      ...Deno.args,
    ],
    cwd: root,
    env: await installKernel(),
  }).spawn();
  return (await child.status).code;
}

if (import.meta.main) Deno.exit(await main());
