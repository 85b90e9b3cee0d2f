import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ChangedFileError, FileError, fuse, ModelFormatError, open } from "../../src/fusion/mod.ts";
import { basename } from "node:path";
import { removeLeftovers, writeJournal } from "../../src/io/leftovers.ts";
import { StagedFile, stagedName } from "../../src/io/staged_file.ts";
import { filesIn, inFolder } from "../external_model.ts";
import { modelBytes, random, randomIn } from "../onnx_model.ts";

const BYTES = modelBytes({
  inputs: { x: [2, 8, 6, 6] },
  outputs: { y: [2, 16, 4, 4] },
  initializers: { w: random([16, 8, 3, 3], 1), s: randomIn(0.5, 1.5, [16, 1, 1], 2) },
  nodes: [
    { op: "Conv", inputs: ["x", "w"], outputs: ["c"] },
    { op: "Mul", inputs: ["c", "s"], outputs: ["y"] },
  ],
});

/** A folder with net.onnx, and the fused model of it. */
function withModel(work: (folder: string, path: string, fused: Uint8Array) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const path = `${folder}/net.onnx`;
    await Deno.writeFile(path, BYTES);
    await work(folder, path, await (await fuse(path)).model.bytes());
  });
}

async function mkfifo(path: string): Promise<void> {
  assert((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
}

Deno.test("save() refuses a device, a FIFO and a folder, and leaves them what they are", () =>
  withModel(async (folder, path) => {
    await Deno.mkdir(`${folder}/folder`);
    await mkfifo(`${folder}/fifo`);
    await Deno.symlink("/dev/null", `${folder}/null`);
    const { model } = await fuse(path);
    for (const [name, kind] of [["folder", "folder"], ["fifo", "FIFO"], ["null", "device"]]) {
      await assertRejects(() => model.save(`${folder}/${name}`), FileError, `not a regular file but a ${kind}`);
    }
    await assertRejects(() => model.save("/dev/null"), FileError, "/dev/null: cannot be written");
    assert((await Deno.lstat("/dev/null")).isCharDevice && (await Deno.lstat(`${folder}/fifo`)).isFifo);
    assertEquals(filesIn(folder), ["fifo", "folder", "net.onnx", "null"]);
    assertEquals(filesIn(`${folder}/folder`), []);
  }));

Deno.test("save() follows a link to the file it leads to, there or not", () =>
  withModel(async (folder, path, fused) => {
    await Deno.mkdir(`${folder}/real`);
    await Deno.writeTextFile(`${folder}/real/old.onnx`, "old");
    await Deno.symlink("real/old.onnx", `${folder}/old.onnx`);
    await Deno.symlink("real/new.onnx", `${folder}/new.onnx`);
    await Deno.symlink("new.onnx", `${folder}/newer.onnx`);
    const { model } = await fuse(path);
    await model.save(`${folder}/old.onnx`);
    await model.save(`${folder}/newer.onnx`);
    for (const name of ["old", "new"]) {
      assert((await Deno.lstat(`${folder}/${name}.onnx`)).isSymlink);
      assertEquals(await Deno.readFile(`${folder}/real/${name}.onnx`), fused);
    }
    assertEquals(filesIn(`${folder}/real`), ["new.onnx", "old.onnx"]);
    await Deno.symlink("a.onnx", `${folder}/b.onnx`);
    await Deno.symlink("b.onnx", `${folder}/a.onnx`);
    await assertRejects(() => model.save(`${folder}/a.onnx`), FileError, "cannot be written");
  }));

Deno.test("save() refuses a path that ends as a folder's name does, as cp", () =>
  withModel(async (folder, path) => {
    const model = await open(path);
    await assertRejects(
      () => model.save(`${folder}/new.onnx/`),
      FileError,
      "new.onnx/: cannot be written: that is the",
    );
    await assertRejects(() => model.save(`${path}/new.onnx`), FileError, "cannot be written (not a directory).");
    assertEquals(filesIn(folder), ["net.onnx"]);
  }));

Deno.test("save() in place keeps permissions, owner and hard links", () =>
  withModel(async (folder, path, fused) => {
    const isRoot = Deno.uid() === 0;
    await Deno.chmod(path, 0o640);
    if (isRoot) await Deno.chown(path, 12345, 54321);
    const before = await Deno.stat(path);
    await (await fuse(path)).model.save(path);
    const after = await Deno.stat(path);
    assertEquals([after.mode, after.uid, after.gid], [before.mode, before.uid, before.gid]);
    if (isRoot) assertEquals([after.uid, after.gid], [12345, 54321]);

    await Deno.writeFile(path, BYTES);
    await Deno.link(path, `${folder}/second.onnx`);
    await (await fuse(path)).model.save(path);
    assertEquals((await Deno.stat(path)).nlink, 2);
    assertEquals(await Deno.readFile(`${folder}/second.onnx`), fused);
    assertEquals(filesIn(folder), ["net.onnx", "second.onnx"]);
  }));

Deno.test("save() over a file with two names writes all of what is larger than one read", () =>
  withModel(async (folder, path) => {
    const large = modelBytes({
      inputs: { x: [1, 400] },
      outputs: { y: [1, 500] },
      initializers: { w: random([400, 500], 1), s: random([500], 2) },
      nodes: [
        { op: "MatMul", inputs: ["x", "w"], outputs: ["m"] },
        { op: "Mul", inputs: ["m", "s"], outputs: ["y"] },
      ],
    });
    await Deno.writeFile(path, large);
    await Deno.link(path, `${folder}/second.onnx`);
    await (await fuse(path)).model.save(path);
    assertEquals(await Deno.readFile(`${folder}/second.onnx`), await (await fuse(large)).model.bytes());
    assertEquals(filesIn(folder), ["net.onnx", "second.onnx"]);
  }));

Deno.test("open() says where the file is that a killed save was overwriting", () =>
  withModel(async (folder, path) => {
    await Deno.rename(path, `${folder}/.layerfuse-net.onnx.backup`);
    await Deno.writeFile(path, BYTES.subarray(0, 200));
    await Deno.symlink(path, `${folder}/link.onnx`);
    const says = `the file as it was is ${folder}/.layerfuse-net.onnx.backup: move that back`;
    await assertRejects(() => open(path), ModelFormatError, says);
    await assertRejects(() => open(`${folder}/link.onnx`), ModelFormatError, says);
    await Deno.writeFile(path, BYTES);
    const { notes } = await open(path);
    assertEquals(notes.length, 1);
    assertStringIncludes(notes[0], says);
    assertEquals((await fuse(path)).report.notes, [...notes]);
  }));

Deno.test("save() ends where the input was written to, cut or replaced since it was opened", async (t) => {
  const changes: [string, (path: string) => Promise<unknown>, string][] = [
    ["written to", (path) => Deno.writeFile(path, BYTES.map((byte, i) => i === 300 ? 1 : byte)), "was written to"],
    ["made longer", (path) => Deno.writeFile(path, new Uint8Array(1), { append: true }), "was written to"],
    ["cut", (path) => Deno.truncate(path, 100), "ends at byte 100"],
    [
      "replaced",
      (path) => Deno.writeFile(`${path}.new`, BYTES).then(() => Deno.rename(`${path}.new`, path)),
      "replaced",
    ],
  ];
  for (const [what, change, says] of changes) {
    await t.step(what, () =>
      withModel(async (folder, path) => {
        const { model } = await fuse(path);
        await new Promise((resolve) => setTimeout(resolve, 20)); // a time stamp of its own
        await change(path);
        await assertRejects(() => model.save(`${folder}/out.onnx`), Error, says);
        if (what !== "cut") {
          await assertRejects(() => model.save(`${folder}/out.onnx`), ChangedFileError, "open it again");
        }
        assertEquals(filesIn(folder), ["net.onnx"]);
      }));
  }
});

Deno.test("an aborted save leaves everything as it was", () =>
  inFolder(async (folder) => {
    const big = random([2048, 2048], 1), out = `${folder}/out.onnx`;
    const { model } = await fuse(modelBytes({
      inputs: { x: [1, 2048] },
      outputs: { y: [1, 2048] },
      initializers: { w: big, s: randomIn(0.5, 1.5, [2048], 2) },
      nodes: [
        { op: "MatMul", inputs: ["x", "w"], outputs: ["c"] },
        { op: "Mul", inputs: ["c", "s"], outputs: ["y"] },
      ],
    }));
    await Deno.writeTextFile(out, "precious");
    const controller = new AbortController();
    const fractions: number[] = [];
    const onProgress = (fraction: number) => {
      fractions.push(fraction);
      if (fraction > 0.3) controller.abort(new Error("enough"));
    };
    await assertRejects(() => model.save(out, { signal: controller.signal, onProgress }), Error, "enough");
    assertEquals(await Deno.readTextFile(out), "precious");
    assertEquals(filesIn(folder), ["out.onnx"]);
    await assertRejects(() => model.save(out, { signal: AbortSignal.abort() }), DOMException);
    await model.save(out, { onProgress: (fraction) => fractions.push(fraction) });
    assertEquals(fractions.at(-1), 1);
  }));

Deno.test("save() removes what killed saves left, and not what another one is writing", () =>
  withModel(async (folder, path) => {
    await Deno.writeTextFile(`${folder}/${stagedName()}`, "half of a mod");
    const busy = StagedFile.create(folder);
    await (await fuse(path)).model.save(`${folder}/out.onnx`);
    const left = filesIn(folder).filter((name) => name.startsWith("."));
    assertEquals(left.map((name) => `${folder}/${name}`), [busy.path]);
    busy[Symbol.dispose]();
    assertEquals(filesIn(folder), ["net.onnx", "out.onnx"]);
  }));

Deno.test({
  name:
    "save() leaves alone what has a leftover's name and is no file: a FIFO, which would be waited for, a link, a folder",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withModel(async (folder, path) => {
      const name = (digit: number) => `.layerfuse-${String(digit).repeat(16)}.part`;
      await mkfifo(`${folder}/${name(1)}`);
      await Deno.symlink(path, `${folder}/${name(2)}`);
      await Deno.mkdir(`${folder}/${name(3)}`);
      await (await fuse(path)).model.save(`${folder}/out.onnx`);
      assertEquals(filesIn(folder), [name(1), name(2), name(3), "net.onnx", "out.onnx"]);
    }),
});

Deno.test({
  name: "what a killed save's journal names is removed where one user owns both, and no other user's file",
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
  fn: () =>
    inFolder(async (folder) => {
      const journal = `${folder}/${stagedName()}`, data = `${folder}/net.onnx.data`;
      for (const owner of [12345, 0]) {
        await Deno.writeTextFile(data, "weights");
        using written = await writeJournal(folder, [["net.onnx.data", data]]);
        await Deno.copyFile(written.path, journal);
        await Deno.chown(journal, owner, owner);
        removeLeftovers(folder, () => false);
        assertEquals(filesIn(folder).includes("net.onnx.data"), owner !== 0);
        assertEquals(filesIn(folder).includes(basename(journal)), false);
      }
    }),
});

Deno.test("save() over a file with several names, one of them as long as may be, leaves nothing else", () =>
  withModel(async (folder, path) => {
    const long = `${folder}/${"網".repeat(80)}.onnx`; // 245 bytes
    await Deno.rename(path, long);
    await Deno.link(long, `${folder}/second.onnx`);
    await (await fuse(long)).model.save(long);
    assertEquals(await Deno.readFile(`${folder}/second.onnx`), await Deno.readFile(long));
    assertEquals(filesIn(folder).length, 2);
  }));

Deno.test("two saves to one place at a time both succeed, and leave one whole model", () =>
  withModel(async (folder, path, fused) => {
    const { model } = await fuse(path), out = `${folder}/out.onnx`;
    await Promise.all([model.save(out, { externalData: "auto" }), model.save(out), model.save(out)]);
    assertEquals(await Deno.readFile(out), fused);
    assertEquals(filesIn(folder), ["net.onnx", "out.onnx"]);
  }));

Deno.test({
  name: "save() on a full disk says so and leaves everything as it was",
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
  fn: () =>
    withModel(async (folder, path) => {
      const disk = `${folder}/disk`;
      await Deno.mkdir(disk);
      const mount = await new Deno.Command("mount", { args: ["-t", "tmpfs", "-o", "size=8k", "tmpfs", disk] }).output();
      if (!mount.success) return console.warn("skipped: tmpfs cannot be mounted here");
      try {
        await Deno.writeTextFile(`${disk}/out.onnx`, "precious");
        const { model } = await fuse(path);
        await assertRejects(() => model.save(`${disk}/out.onnx`), FileError, "No space left");
        assertEquals(await Deno.readTextFile(`${disk}/out.onnx`), "precious");
        assertEquals(filesIn(disk), ["out.onnx"]);
      } finally {
        await new Deno.Command("umount", { args: [disk] }).output();
      }
    }),
});
