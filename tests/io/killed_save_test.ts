import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { readMain, saveWord } from "./killed_save.ts";

const CHILD = fileURLToPath(new URL("killed_save.ts", import.meta.url));

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

/** What is in the folder: the word the main file has, with that of the data file it refers to. */
function state(folder: string): string {
  const main = readMain(`${folder}/out`);
  if (!main) return "none";
  return `${main.word} ${Deno.readTextFileSync(`${folder}/${main.location}`)}`;
}

/** Saves in another process that is killed before each of its steps in turn, until it gets to the end. */
async function killedAtEachStep(prepare: (folder: string) => Promise<unknown>, check: (folder: string) => void) {
  let steps = 0;
  for (let step = 0; step <= steps; step++) {
    await inFolder(async (folder) => {
      await prepare(folder);
      const { stdout, signal } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-lock", "--quiet", "--no-config", CHILD, folder, String(step)],
        stdout: "piped",
      }).output();
      if (signal === "SIGKILL") steps = step + 1;
      else assertEquals(Number(new TextDecoder().decode(stdout)), steps, "it ran to its end");
      check(folder);
      await saveWord(folder, "later");
      assertEquals(state(folder), "later later");
      const left = names(folder).filter((name) => name.startsWith(".layerfuse"));
      assertEquals(left, [], `left after a kill at step ${step} and the next save`);
      assertEquals(names(folder).filter((name) => name.startsWith("out")), ["out", "out.data"], `after step ${step}`);
    });
  }
  return steps;
}

Deno.test("saveFiles() killed before any change of a name leaves nothing or all of it, and the next save cleans up", async () => {
  const steps = await killedAtEachStep(
    () => Promise.resolve(),
    (folder) => assert(["none", "new new"].includes(state(folder)), state(folder)),
  );
  assertEquals(steps, 3);
});

Deno.test("saveFiles() killed while it replaces a file and its data leaves the old pair or the new one", async () => {
  const steps = await killedAtEachStep(
    (folder) => saveWord(folder, "old"),
    (folder) => assert(["old old", "new new"].includes(state(folder)), state(folder)),
  );
  assertEquals(steps, 5);
});

Deno.test("saveFiles() that fails at any step leaves everything as it was, until the file is in place", async () => {
  for (let last = 0; last < 5; last++) {
    await inFolder(async (folder) => {
      await saveWord(folder, "old");
      let step = 0, isPut = false;
      const onStep = (what: string) => {
        if (step++ === last && what !== "clean up") throw new Error("a fault");
        isPut ||= what === "put out";
      };
      await saveWord(folder, "new", { onStep }).catch(({ message }) => assertEquals(message, "a fault"));
      assertEquals(state(folder), isPut ? "new new" : "old old");
      assert(names(folder).every((name) => /^out(\.1)?(\.data)?$/.test(name)), names(folder).join());
      if (!isPut) assertEquals(names(folder), ["out", "out.data"]);
    });
  }
});
