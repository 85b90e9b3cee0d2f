import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { delimiter, isAbsolute, join } from "node:path";
import { installKernel, KERNEL } from "../../tasks/kernel.ts";
import { root } from "../../tasks/root.ts";

Deno.test("installKernel() writes a kernel of its own name that starts this Deno by its absolute path", async () => {
  const environment = await installKernel();
  const folder = fileURLToPath(new URL(".jupyter/", root));
  assertStringIncludes(environment.JUPYTER_PATH, folder);
  const spec = JSON.parse(await Deno.readTextFile(`${folder}kernels/${KERNEL}/kernel.json`));
  const deno = spec.argv.slice(-5);
  assertEquals(deno, [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"]);
  assert(isAbsolute(deno[0]), deno[0]);
  assertEquals(spec.language, "typescript");
  assertNotEquals<string>(KERNEL, "deno", "that name is the user's");
});

Deno.test("installKernel() has JupyterLab start the default kernel for a notebook that names none", async () => {
  const { JUPYTER_CONFIG_PATH } = await installKernel(), [folder] = JUPYTER_CONFIG_PATH.split(delimiter);
  const settings = JSON.parse(await Deno.readTextFile(join(folder, "labconfig/default_setting_overrides.json")));
  assertEquals(settings["@jupyterlab/notebook-extension:tracker"], { autoStartDefaultKernel: true });
});

Deno.test("installKernel() keeps what JUPYTER_PATH already names, after the project's own", async () => {
  const previous = Deno.env.get("JUPYTER_PATH");
  try {
    Deno.env.set("JUPYTER_PATH", "/elsewhere/jupyter");
    const { JUPYTER_PATH } = await installKernel();
    assert(JUPYTER_PATH.endsWith("/elsewhere/jupyter"), JUPYTER_PATH);
    assert(JUPYTER_PATH.startsWith(fileURLToPath(root)), JUPYTER_PATH);
  } finally {
    if (previous === undefined) Deno.env.delete("JUPYTER_PATH");
    else Deno.env.set("JUPYTER_PATH", previous);
  }
});
