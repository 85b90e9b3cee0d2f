import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { inFolder } from "../external_model.ts";
import { readMain, saveWord } from "./killed_save.ts";

const CHILD = fileURLToPath(new URL("killed_save.ts", import.meta.url));
/** Two users; nothing need be known of them. */
const BOB = 12345, ALICE = 12346;

/** Saves the word "new" as another user; false where that user cannot run anything here. */
async function saveAs(uid: number, folder: string): Promise<boolean> {
  const cache = await Deno.makeTempDir();
  try {
    await Deno.chown(cache, uid, uid);
    const run = (...args: string[]) =>
      new Deno.Command(Deno.execPath(), { args, uid, gid: uid, env: { DENO_DIR: cache, HOME: cache } }).output();
    const probe = await run("eval", `Deno.readTextFileSync(${JSON.stringify(CHILD)})`).catch(() => undefined);
    if (!probe?.success) return false;
    const { success, stderr } = await run("run", "-A", "--no-lock", "--quiet", "--no-config", CHILD, folder, "-1");
    assert(success, new TextDecoder().decode(stderr));
    return true;
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

/** A folder in which everybody may make files and remove their own, with files that Bob lets everybody write. */
async function sharedWithBob(names: readonly string[], work: (folder: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    await Deno.chmod(folder, 0o1777);
    await saveWord(folder, "old");
    for (const name of names) await Deno.writeTextFile(`${folder}/${name}`, "Bob's");
    for (const { name } of Deno.readDirSync(folder)) {
      await Deno.chown(`${folder}/${name}`, BOB, BOB);
      await Deno.chmod(`${folder}/${name}`, 0o666);
    }
    await work(folder);
  });
}

const files = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
const isRootOnLinux = Deno.build.os === "linux" && Deno.uid() === 0;

Deno.test({
  name: "saveFiles() over another user's file keeps it that user's, and ends well where the old data cannot be removed",
  ignore: !isRootOnLinux,
  fn: () =>
    sharedWithBob([], async (folder) => {
      if (!await saveAs(ALICE, folder)) return console.warn("skipped: no other user can run Deno here");
      const { word, location } = readMain(`${folder}/out`)!;
      assertEquals([word, Deno.readTextFileSync(`${folder}/${location}`)], ["new", "new"]);
      const { uid, mode } = Deno.statSync(`${folder}/out`);
      assertEquals([uid, mode! & 0o777], [BOB, 0o666]);
      assertEquals(Deno.statSync(`${folder}/${location}`).mode! & 0o777, 0o666, "Bob can read and write the data");
      assertEquals(files(folder), ["out", "out.1.data", "out.data"]);
    }),
});

Deno.test({
  name: "saveFiles() where another user's killed save left a copy and parts of files leaves those to that user",
  ignore: !isRootOnLinux,
  fn: () => {
    const left = [".layerfuse-0123456789abcdef.part", ".layerfuse-out.backup"];
    return sharedWithBob(left, async (folder) => {
      await Deno.link(`${folder}/out`, `${folder}/second`); // so that it is overwritten in place
      if (!await saveAs(ALICE, folder)) return console.warn("skipped: no other user can run Deno here");
      assertEquals(readMain(`${folder}/out`), readMain(`${folder}/second`));
      assertEquals(readMain(`${folder}/out`)!.word, "new");
      assertEquals(files(folder), [...left, "out", "out.1.data", "out.data", "second"]);
      for (const name of left) assertEquals(Deno.readTextFileSync(`${folder}/${name}`), "Bob's");
    });
  },
});

Deno.test({
  name: "saveFiles() over a file that nobody else may read lets nobody read what it writes, at no time",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    for (const links of [1, 2]) {
      await inFolder(async (folder) => {
        await saveWord(folder, "old");
        await Deno.chmod(`${folder}/out`, 0o600);
        if (links === 2) await Deno.link(`${folder}/out`, `${folder}/second`);
        let seen = 0;
        const onStep = () => {
          for (const name of files(folder)) {
            const text = Deno.readTextFileSync(`${folder}/${name}`), mode = Deno.statSync(`${folder}/${name}`).mode!;
            if (!text.includes("new")) continue;
            assertEquals(mode & 0o077, 0, name);
            seen++;
          }
        };
        await saveWord(folder, "new", { onStep });
        assert(seen > 5, `${seen}`);
        assertEquals(readMain(`${folder}/out`)!.word, "new");
      });
    }
  },
});
