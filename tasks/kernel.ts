/**
 * The Deno kernel for this project's notebooks, written to `.jupyter/` and found through `JUPYTER_PATH`: its own name, this
 * very Deno by its absolute path, and nothing of the user's own Jupyter is read, changed or overwritten.
 * (`deno jupyter --install` writes to the user's folder only.)
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { root } from "./root.ts";

/** Name by which Jupyter knows the kernel. */
export const KERNEL = "layerfuse";

/** Settings of JupyterLab over its defaults: a notebook that names no kernel, or one that is not here, opens with ours without asking. */
const LAB_SETTINGS = { "@jupyterlab/notebook-extension:tracker": { autoStartDefaultKernel: true } };

/** Writes the kernel spec and returns the environment in which Jupyter finds it. */
export async function installKernel(): Promise<Record<string, string>> {
  const data = new URL(".jupyter/", root);
  const spec = new URL(`kernels/${KERNEL}/kernel.json`, data);
  await Deno.mkdir(new URL(".", spec), { recursive: true });
  const deno = [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"];
  const content = {
    // Deno dies of the signal that interrupts a cell unless somebody ignores it or listens to it (stopOnInterrupt() does). By
    // message it ends what runs, but of a cell that waits for something nothing does, and it then waits for ever.
    argv: Deno.build.os === "windows" ? deno : ["/bin/sh", "-c", `trap "" INT; exec "$0" "$@"`, ...deno],
    interrupt_mode: Deno.build.os === "windows" ? "message" : "signal",
    display_name: "Deno (layerfuse)",
    language: "typescript",
  };
  await Deno.writeTextFile(spec, JSON.stringify(content, null, 2) + "\n");
  const config = new URL("config/", data), settings = new URL("labconfig/default_setting_overrides.json", config);
  await Deno.mkdir(new URL(".", settings), { recursive: true });
  await Deno.writeTextFile(settings, JSON.stringify(LAB_SETTINGS, null, 2) + "\n");
  const before = (folder: URL, variable: string) => {
    const others = Deno.env.get(variable);
    return fileURLToPath(folder) + (others ? (Deno.build.os === "windows" ? ";" : ":") + others : "");
  };
  return {
    JUPYTER_PATH: before(data, "JUPYTER_PATH"),
    JUPYTER_CONFIG_PATH: before(config, "JUPYTER_CONFIG_PATH"),
    JUPYTER_RUNTIME_DIR: fileURLToPath(new URL("runtime/", data)),
  };
}
