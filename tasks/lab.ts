/**
 * `deno task lab [JUPYTERLAB ARGUMENTS]`: opens JupyterLab on `notebooks/` with the kernel that `deno task notebooks` uses.
 * JupyterLab comes from PATH, or is installed into the project's `.venv` the first time.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { installKernel, KERNEL } from "./kernel.ts";
import { pythonWith } from "./python.ts";
import { root } from "./root.ts";

const NEEDS = {
  check:
    "import jupyterlab; from importlib.metadata import version; assert int(version('jupyterlab').split('.')[0]) >= 4",
  requirements: "requirements_lab.txt",
};

const python = await pythonWith(NEEDS);
if (!python.path) {
  console.error(`JupyterLab cannot start: ${python.missing}.`);
  Deno.exit(1);
}
Deno.addSignalListener("SIGINT", () => {}); // Ctrl-C is JupyterLab's: it asks, then stops its kernels
const child = new Deno.Command(python.path, {
  args: [
    "-m",
    "jupyterlab",
    `--notebook-dir=${fileURLToPath(new URL("notebooks/", root))}`,
    `--KernelSpecManager.allowed_kernelspecs=${KERNEL}`,
    "--KernelSpecManager.ensure_native_kernel=False",
    `--MultiKernelManager.default_kernel_name=${KERNEL}`,
    ...Deno.args,
  ],
  cwd: root,
  env: await installKernel(),
}).spawn();
Deno.exit((await child.status).code);
