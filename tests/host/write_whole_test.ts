import { assertEquals, assertRejects } from "@std/assert";
import { pathToFileURL } from "node:url";
import { TemporaryDirectory } from "../../src/host/temporary_directory.ts";
import { writeWhole } from "../../src/host/write_whole.ts";

/** Names in a temporary directory, without its own lock. */
const names = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name !== ".lock").sort();

Deno.test("writeWhole() writes a file, replaces one, and takes a URL", async () => {
  using folder = new TemporaryDirectory();
  const path = `${folder.path}/a.txt`;
  await writeWhole(path, "one");
  await writeWhole(pathToFileURL(path), new TextEncoder().encode("two"));
  assertEquals(await Deno.readTextFile(path), "two");
  assertEquals(names(folder.path), ["a.txt"]);
});

Deno.test("writeWhole() leaves nothing where the name is taken by a folder, or its folder is missing", async () => {
  using folder = new TemporaryDirectory();
  await Deno.mkdir(`${folder.path}/taken`);
  await assertRejects(() => writeWhole(`${folder.path}/taken`, "x"), Error);
  await assertRejects(() => writeWhole(`${folder.path}/none/a.txt`, "x"), Error);
  assertEquals(names(folder.path), ["taken"]);
});

Deno.test({
  name: "writeWhole() follows links, keeps permissions, writes into a pipe and refuses a read-only file",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using folder = new TemporaryDirectory();
    const [file, link, dangling, pipe] = ["file", "link", "dangling", "pipe"].map((name) => `${folder.path}/${name}`);
    await Deno.writeTextFile(file, "old");
    await Deno.chmod(file, 0o660);
    await Deno.symlink(file, link);
    await Deno.symlink(`${folder.path}/new`, dangling);
    await writeWhole(link, "linked");
    await writeWhole(dangling, "made");
    assertEquals([await Deno.readTextFile(file), await Deno.readTextFile(`${folder.path}/new`)], ["linked", "made"]);
    assertEquals((await Deno.stat(file)).mode! & 0o777, 0o660);
    await new Deno.Command("mkfifo", { args: [pipe] }).output();
    const reader = new Deno.Command("cat", { args: [pipe], stdout: "piped" }).spawn();
    await writeWhole(pipe, "said");
    assertEquals(new TextDecoder().decode((await reader.output()).stdout), "said");
    assertEquals([(await Deno.lstat(pipe)).isFifo, (await Deno.lstat(link)).isSymlink], [true, true]);
    await Deno.chmod(file, 0o444);
    if (Deno.uid() !== 0) await assertRejects(() => writeWhole(file, "x"), Error);
    assertEquals(names(folder.path), ["dangling", "file", "link", "new", "pipe"]);
  },
});

Deno.test("writeWhole() takes the longest name there may be", async () => {
  using folder = new TemporaryDirectory();
  await writeWhole(`${folder.path}/${"x".repeat(255)}`, "one");
  assertEquals(names(folder.path), ["x".repeat(255)]);
});

Deno.test("writeWhole() of one path at the same time leaves one of the contents, whole", async () => {
  using folder = new TemporaryDirectory();
  const path = `${folder.path}/a.txt`, contents = Array.from({ length: 8 }, (_, i) => String(i).repeat(100_000));
  await Promise.all(contents.map((content) => writeWhole(path, content)));
  assertEquals(contents.includes(await Deno.readTextFile(path)), true);
  assertEquals(names(folder.path), ["a.txt"]);
});
