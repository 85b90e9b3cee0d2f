import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { root } from "../../tasks/root.ts";

/** Runs a module that imports from JSR in an empty cache, with the stand-in registry in place of JSR. */
async function runOffline(specifier: string): Promise<{ success: boolean; stderr: string }> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${folder}/main.ts`,
      `import * as std from "${specifier}"; std.assert(true);`,
    );
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-config", "--no-lock", `${folder}/main.ts`],
      env: { JSR_URL: new URL("tests/offline_jsr/", root).href, DENO_DIR: `${folder}/cache`, NO_COLOR: "1" },
    }).output();
    return { success, stderr: new TextDecoder().decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the stand-in registry serves @std/assert for the range that deno.json asks for", async () => {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const { success, stderr } = await runOffline(imports["@std/assert"]);
  assert(success, stderr);
});

Deno.test("the stand-in registry has nothing else", async () => {
  const { success, stderr } = await runOffline("jsr:@std/path@^1");
  assertEquals(success, false);
  assertMatch(stderr, /@std\/path/);
});

Deno.test("deno.lock pins every npm import, and never the stand-in", async () => {
  const { specifiers } = JSON.parse(await Deno.readTextFile(new URL("deno.lock", root)));
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const npm = Object.values<string>(imports).filter((specifier) => specifier.startsWith("npm:"));
  assertEquals(npm.filter((specifier) => !specifiers[specifier]), [], "run: deno install --lockfile-only");
  const { latest } = JSON.parse(await Deno.readTextFile(new URL("tests/offline_jsr/@std/assert/meta.json", root)));
  assertNotEquals(
    specifiers["jsr:@std/assert@1"],
    latest,
    "a run with JSR_URL set wrote deno.lock: git checkout deno.lock",
  );
});
