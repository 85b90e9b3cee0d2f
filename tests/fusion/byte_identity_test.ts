import { assertEquals, assertGreater } from "@std/assert";
import { fuse } from "../../src/fusion/mod.ts";
import { SUITE } from "../backend/suite.ts";
import { fixture } from "../bench/fixture.ts";

/** The .onnx files below a folder. */
function* modelsBelow(folder: string): Generator<string> {
  for (const { name, isDirectory, isFile } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* modelsBelow(`${folder}/${name}`);
    else if (isFile && name.endsWith(".onnx")) yield `${folder}/${name}`;
  }
}

/** Whether fusing a file with no rule gives the same bytes. */
async function isSame(path: string): Promise<boolean> {
  const bytes = await Deno.readFile(path), fused = await (await fuse(path, { rules: [] })).model.bytes();
  return bytes.length === fused.length && bytes.every((byte, i) => byte === fused[i]);
}

const isInstalled = await Deno.stat(SUITE).then(({ isDirectory }) => isDirectory, () => false);

Deno.test({
  name: "fuse() with no rule gives every file of ONNX's backend suite back byte for byte",
  ignore: !isInstalled && !Deno.env.get("LAYERFUSE_REQUIRE_BACKEND_SUITE"),
  async fn() {
    const different: string[] = [];
    let count = 0;
    for (const path of modelsBelow(SUITE)) {
      count++;
      if (!await isSame(path).catch(() => false)) different.push(path.replace(SUITE, ""));
    }
    console.log(`${count} files`);
    assertEquals(different, []);
    assertGreater(count, 1000);
  },
});

Deno.test("fuse() with no rule gives every fixture back byte for byte", async () => {
  const folder = fixture("fashion_resnet").replace(/\/[^/]*$/, ""), paths = [...modelsBelow(folder)];
  for (const path of paths) assertEquals(await isSame(path), true, path);
  assertGreater(paths.length, 3);
});
