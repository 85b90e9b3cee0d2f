/**
 * `deno run -A bench/write_readme.ts`: the README's table anew from bench/RESULTS.md as it stands; `deno task results` does it, too.
 *
 * @module
 */
import { withResults } from "./readme_table.ts";

const [readme, results] = ["../README.md", "RESULTS.md"].map((path) => new URL(path, import.meta.url).pathname);
await Deno.writeTextFile(readme, withResults(await Deno.readTextFile(readme), await Deno.readTextFile(results)));
await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", readme] }).output();
