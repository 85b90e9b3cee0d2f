import config from "../../deno.json" with { type: "json" };

/** The version that deno.json pins of a package: of `npm:pure-rand@8.4.2` that is 8.4.2. */
export function versionOf(name: string): string {
  const specifier = (config.imports as Record<string, string>)[name];
  const version = /^npm:.+@(\d[^/]*)$/.exec(specifier ?? "")?.[1];
  if (!version) throw new Error(`${name}: deno.json pins no version of it`);
  return version;
}

/** Gives a folder the packages that its files import, in node_modules, from Deno's cache where they are in it. */
export async function installPackages(folder: string, packages: readonly string[]): Promise<void> {
  const dependencies = Object.fromEntries(packages.map((name) => [name, versionOf(name)]));
  await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify({ type: "module", private: true, dependencies }));
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["install", "--quiet", "--node-modules-dir=auto"],
    cwd: folder,
    stdout: "null",
  }).output();
  if (!success) throw new Error(`packages cannot be installed: ${new TextDecoder().decode(stderr)}`);
}
