/**
 * Declaration files for the npm package, made from the sources one by one: what is exported names its types (`deno doc --lint`
 * and JSR's rule against slow types hold that), so no type needs another file to be inferred.
 *
 * @module
 */
import ts from "typescript";
import { dirname, join, relative } from "node:path";

/** An import or export of a file of the package, in a declaration file. */
const OWN = /(from |import\(|import )"(\.{1,2}\/[^"]+)\.ts"/g;

/** Writes the declarations of the entries, and of all files that they name, under `outdir`; gives their number. */
export async function writeTypes(root: string, entries: readonly string[], outdir: string): Promise<number> {
  const seen = new Set(entries.map((entry) => join(root, entry)));
  for (const path of seen) { // a Set iterates over what is added on the way
    const { outputText } = ts.transpileDeclaration(await Deno.readTextFile(path), {
      fileName: path,
      compilerOptions: { declaration: true, target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext },
    });
    for (const [, , specifier] of outputText.matchAll(OWN)) seen.add(join(dirname(path), `${specifier}.ts`));
    const out = join(outdir, relative(root, path)).replace(/\.ts$/, ".d.ts");
    await Deno.mkdir(dirname(out), { recursive: true });
    await Deno.writeTextFile(out, outputText.replaceAll(OWN, '$1"$2.js"'));
  }
  return seen.size;
}
