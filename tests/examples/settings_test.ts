import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { modelSource, settings } from "../../src/examples/mod.ts";

const DEFAULTS = { model: "resnet101", seconds: 60, inputShape: "", aggressive: false };

Deno.test("settings() are the defaults where the environment says nothing", () => {
  assertEquals({ ...settings(DEFAULTS, () => undefined) }, DEFAULTS);
});

Deno.test("settings() take the environment's values in the defaults' types", () => {
  const environment: Record<string, string> = {
    LAYERFUSE_MODEL: "mine.onnx",
    LAYERFUSE_SECONDS: "2.5",
    LAYERFUSE_INPUT_SHAPE: "1,3,64,64",
    LAYERFUSE_AGGRESSIVE: "true",
  };
  assertEquals({ ...settings(DEFAULTS, (name) => environment[name]) }, {
    model: "mine.onnx",
    seconds: 2.5,
    inputShape: "1,3,64,64",
    aggressive: true,
  });
});

Deno.test("settings() refuse a number that is none, and a yes that is neither true nor false", () => {
  assertThrows(
    () => settings({ seconds: 60 }, () => "long"),
    TypeError,
    'LAYERFUSE_SECONDS is "long"; expected a number, as its default 60',
  );
  assertThrows(() => settings({ seconds: 60 }, () => ""), TypeError, "LAYERFUSE_SECONDS");
  assertThrows(() => settings({ fast: true }, () => "yes"), TypeError, "expected true or false");
});

Deno.test("settings() show themselves, escaped, with where each value came from", () => {
  const shown = settings(DEFAULTS, (name) => name === "LAYERFUSE_MODEL" ? "<b>|.onnx" : undefined);
  const display = (shown as unknown as Record<symbol, () => Record<string, string>>)[Symbol.for("Jupyter.display")];
  const bundle = display();
  assertStringIncludes(bundle["text/plain"], "from LAYERFUSE_MODEL");
  assertStringIncludes(bundle["text/plain"], "LAYERFUSE_SECONDS");
  assertStringIncludes(bundle["text/html"], "&lt;b&gt;|.onnx");
  assertStringIncludes(bundle["text/markdown"], "&#60;b&#62;&#124;.onnx");
});

Deno.test("modelSource() takes addresses, and looks for a path here and then where the task was started", async () => {
  assertEquals(await modelSource("https://example.org/a.onnx"), new URL("https://example.org/a.onnx"));
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/mine.onnx`, "");
    assertEquals(await modelSource("mine.onnx", folder), `${folder}/mine.onnx`);
    assertEquals(await modelSource(`${folder}/mine.onnx`, undefined), `${folder}/mine.onnx`);
    assertEquals(await modelSource("none.onnx", folder), "none.onnx", "open() says that it is not there");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
