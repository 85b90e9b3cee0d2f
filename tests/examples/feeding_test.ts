import { assertEquals, assertRejects } from "@std/assert";
import { feeding } from "../../src/examples/feeding.ts";
import { open } from "../../src/fusion/mod.ts";
import { fixture } from "../bench/fixture.ts";

Deno.test("feeding() reads shapes and values as a notebook's settings give them", async () => {
  const model = await open(fixture("fashion_resnet"));
  const options = async (choice: Parameters<typeof feeding>[1]) => {
    const { shape, shapes, values } = await feeding(model, choice);
    return { shape, shapes, values };
  };
  assertEquals(await options({}), { shape: undefined, shapes: {}, values: {} });
  assertEquals((await options({ inputShape: "1,1,28,28" })).shape, [1, 1, 28, 28]);
  const named = await options({ inputShape: "a=1x3x4; b=2,5", inputValues: "sr=16000 scales=1,0.5" });
  assertEquals(named, {
    shape: undefined,
    shapes: { a: [1, 3, 4], b: [2, 5] },
    values: { sr: "16000", scales: ["1", "0.5"] },
  });
  await assertRejects(() => options({ inputValues: "16000" }), TypeError, 'inputValues "16000": expected NAME=…');
  await assertRejects(
    () => options({ sampleRate: 8000 }),
    TypeError,
    "sampleRate: says how the .wav files of inputFiles",
  );
  await assertRejects(() => options({ inputShape: "a=1xy" }), TypeError, "expected whole numbers above 0");
});

Deno.test("feeding() takes a notebook's settings as they are, with those that are about something else", async () => {
  const settings = { model: "mine.onnx", seconds: 30, inputShape: "2,1,28,28" };
  assertEquals((await feeding(await open(fixture("fashion_resnet")), settings)).shape, [2, 1, 28, 28]);
});
