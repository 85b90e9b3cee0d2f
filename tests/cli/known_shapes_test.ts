import { assertEquals, assertThrows } from "@std/assert";
import { knownShapes } from "../../src/cli/known_shapes.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import { open } from "../../src/fusion/mod.ts";
import { modelBytes } from "../onnx_model.ts";
import { cli, inFolder } from "./run_cli.ts";

/** y = Relu(x) + Relu(z), where z is there. */
function relu(inputs: Record<string, (number | string)[]>): Uint8Array {
  const [first] = Object.keys(inputs);
  return modelBytes({
    inputs,
    outputs: { y: inputs[first] },
    nodes: [{ op: "Relu", inputs: [first], outputs: ["y"] }],
  });
}

const shapes = async (
  before: Record<string, (number | string)[]>,
  after: Record<string, (number | string)[]>,
  options = {},
) => knownShapes(await open(relu(before)), await open(relu(after)), options);

Deno.test("knownShapes() takes a length that only the second model fixes, by name and else by position", async () => {
  assertEquals(await shapes({ x: ["n", 3, "h", "w"] }, { x: ["n", 3, 48, 64] }), { x: [1, 3, 48, 64] });
  assertEquals(await shapes({ x: ["n", "l"] }, { other: ["n", 5] }), { x: [1, 5] });
});

Deno.test("knownShapes() says nothing where the first model knows all, or both leave the same open", async () => {
  assertEquals(await shapes({ x: [1, 3] }, { x: ["n", 3] }), {});
  assertEquals(await shapes({ x: ["n", 3] }, { x: ["n", 3] }), {});
});

Deno.test("knownShapes() leaves inputs alone whose shape is given", async () => {
  assertEquals(await shapes({ x: ["n", "l"] }, { x: ["n", 5] }, { shapes: { x: [2, 7] } }), {});
});

Deno.test("knownShapes() refuses two models that no input fits", async () => {
  const [before, after] = [await open(relu({ x: ["n", 3] })), await open(relu({ x: ["n", 4] }))];
  const { message } = assertThrows(() => knownShapes(before, after, {}), UsageError);
  assertEquals(message, "input x: BEFORE takes [n, 3], AFTER takes [n, 4]. No input fits both.");
});

Deno.test("layerfuse compare A B measures at the size that only B declares", async () => {
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/a.onnx`, relu({ x: ["n", 1, "h", "w"] }));
    await Deno.writeFile(`${folder}/b.onnx`, relu({ x: ["n", 1, 20, 24] }));
    const args = ["--seconds", "0.3", "--levels", "all", "--json"];
    for (const pair of [["a", "b"], ["b", "a"]]) {
      const { code, stdout, stderr } = await cli("compare", ...pair.map((name) => `${folder}/${name}.onnx`), ...args);
      assertEquals(code, 0, stderr);
      assertEquals(JSON.parse(stdout).inputs[0].dims, [1, 1, 20, 24]);
    }
  });
});
