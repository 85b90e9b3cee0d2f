import { assertEquals, assertRejects } from "@std/assert";
import { pathToFileURL } from "node:url";
import { TemporaryDirectory } from "../../src/host/temporary_directory.ts";
import { writeWhole } from "../../src/host/write_whole.ts";

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

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

Deno.test("writeWhole() of one path at the same time leaves one of the contents, whole", async () => {
  using folder = new TemporaryDirectory();
  const path = `${folder.path}/a.txt`, contents = Array.from({ length: 8 }, (_, i) => String(i).repeat(100_000));
  await Promise.all(contents.map((content) => writeWhole(path, content)));
  assertEquals(contents.includes(await Deno.readTextFile(path)), true);
  assertEquals(names(folder.path), ["a.txt"]);
});

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
