/**
 * Saves a file with a data file in `FOLDER`, and kills itself before step number `STEP`: `deno run -A killed_save.ts FOLDER STEP`.
 * The main file's text is the name of its data file and a word; the data file's text is the word.
 */
import { join } from "node:path";
import { saveFiles, type SaveFilesOptions } from "../../src/io/save_files.ts";

/** What a main file says of its data file. */
export function readMain(path: string): { location: string; word: string } | undefined {
  try {
    const [location, word] = Deno.readTextFileSync(path).split("\n");
    return { location, word };
  } catch {
    return undefined;
  }
}

/** Saves a main file `out` and its data file. */
export async function saveWord(folder: string, word: string, options: SaveFilesOptions = {}) {
  const bytes = (text: string) => [new TextEncoder().encode(text)];
  return await saveFiles(join(folder, "out"), {
    main: (location) => bytes(`${location}\n${word}`),
    data: () => bytes(word),
  }, {
    isOwnData: (main, name) => readMain(main)?.location === name,
    isUsedData: (folder, name) => readMain(join(folder, "out"))?.location === name,
    ...options,
  });
}

if (import.meta.main) {
  const [folder, last] = Deno.args;
  let step = 0;
  await saveWord(folder, "new", {
    onStep: () => step++ === Number(last) && Deno.kill(Deno.pid, "SIGKILL"),
  });
  console.log(step);
}
