import { assert, assertEquals, assertThrows } from "@std/assert";
import { TemporaryDirectory } from "../../src/host/temporary_directory.ts";
import { filesIn, inFolder } from "../cli/run_cli.ts";

/** Starts a process that makes a temporary directory in `folder`, says its path, and waits. */
async function started(folder: string): Promise<{ path: string; process: Deno.ChildProcess }> {
  const source = new URL("../../src/host/temporary_directory.ts", import.meta.url).href;
  await Deno.writeTextFile(
    `${folder}/wait.ts`,
    `import { TemporaryDirectory } from ${JSON.stringify(source)};
    console.log(new TemporaryDirectory().path);
    await new Promise((resolve) => setTimeout(resolve, 60_000));`,
  );
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--no-config", "--no-lock", `${folder}/wait.ts`],
    env: { TMPDIR: `${folder}/tmp` },
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.getReader(), { value } = await reader.read();
  await reader.cancel();
  return { path: new TextDecoder().decode(value).trim(), process };
}

async function killed({ process }: { process: Deno.ChildProcess }): Promise<void> {
  process.kill("SIGKILL");
  await process.status;
}

Deno.test("a temporary directory that a killed process has left goes with the next one, and one in use stays", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/tmp/layerfuse_others`, { recursive: true });
    await Deno.mkdir(`${folder}/tmp/layerfuse_new001`); // not locked yet
    await Deno.mkdir(`${folder}/elsewhere`);
    await Deno.writeTextFile(`${folder}/elsewhere/.lock`, "");
    await Deno.symlink(`${folder}/elsewhere`, `${folder}/tmp/layerfuse_linked`);
    const first = await started(folder);
    await Deno.writeTextFile(`${first.path}/model.onnx`, "bytes");
    await killed(first);
    assert(filesIn(first.path).includes("model.onnx"));

    const second = await started(folder), third = await started(folder);
    const names = [second, third].map(({ path }) => path.slice(`${folder}/tmp/`.length));
    assertEquals(
      filesIn(`${folder}/tmp`),
      ["layerfuse_linked", "layerfuse_new001", "layerfuse_others", ...names].sort(),
    );
    assertEquals(filesIn(`${folder}/elsewhere`), [".lock"]);
    await killed(second);
    await killed(third);
  }));

Deno.test("a TemporaryDirectory is there while it is used and gone after", () => {
  let path: string;
  {
    using folder = new TemporaryDirectory();
    path = folder.path;
    Deno.writeTextFileSync(`${path}/a.txt`, "a");
  }
  assertEquals(
    (() => {
      try {
        return Deno.statSync(path).isDirectory;
      } catch (error) {
        return error instanceof Deno.errors.NotFound ? "gone" : error;
      }
    })(),
    "gone",
  );
});

Deno.test("a TemporaryDirectory that cannot be made says where, and what to do", () => {
  const known = Deno.env.get("TMPDIR");
  Deno.env.set("TMPDIR", "/none/at/all");
  try {
    assertThrows(() => new TemporaryDirectory(), Error, "no temporary folder can be made in /none/at/all (");
  } finally {
    if (known === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", known);
  }
});
