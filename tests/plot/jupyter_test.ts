import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { DATA_TYPE, progressLine, withData, withFlush } from "../../src/plot/mod.ts";

/** A kernel that writes down what it is given. */
function recordingKernel() {
  const sent: [type: string, text: string, id: string][] = [];
  return {
    sent,
    broadcast(type: string, content: { data: Record<string, string>; transient: { display_id: string } }) {
      sent.push([type, content.data["text/plain"], content.transient.display_id]);
    },
  };
}

Deno.test("outside a notebook a display is the bundle itself and progress shows nothing", () => {
  const bundle = { "text/plain": "a" };
  assertStrictEquals(withFlush(bundle), bundle);
  progressLine()(0.5, "half");
});

Deno.test("in the kernel a display has the same content, and reading it holds what runs next", async () => {
  const bundle = withFlush({ "text/plain": "a", "text/html": "<b>a</b>" }, recordingKernel());
  const started = performance.now();
  assertEquals(JSON.stringify(bundle), '{"text/plain":"a","text/html":"<b>a</b>"}');
  assert(performance.now() - started < 15, "reading itself does not wait");
  await Promise.resolve();
  assert(performance.now() - started > 15, "but what runs after it does");
});

Deno.test("a bundle without content is left alone", () => {
  assertEquals(withFlush({}, recordingKernel()), {});
});

Deno.test("progress is one line that changes in place and goes at the end", () => {
  const kernel = recordingKernel(), { sent } = kernel;
  const line = progressLine(kernel);
  line(0, "reading");
  line(0.001, "reading");
  line(0.5, "timing");
  line(1, "done");
  line(1, "done");
  assertEquals(sent.map(([type]) => type), ["display_data", "update_display_data", "update_display_data"]);
  assertEquals(sent.map(([, text]) => text), [
    `${"░".repeat(20)} 0% reading`,
    `${"█".repeat(10)}${"░".repeat(10)} 50% timing`,
    "",
  ]);
  assertEquals(new Set(sent.map(([, , id]) => id)).size, 1);
});

Deno.test("work that is done before it could be shown shows no line", () => {
  const kernel = recordingKernel();
  progressLine(kernel)(1, "done");
  assertEquals(kernel.sent, []);
});

Deno.test("withData() puts the data beside the display as one line of JSON, numbers to seven digits", () => {
  const bundle = withData({ "text/plain": "a" }, { ms: [1 / 3, 12345678901, 2e-9 / 7], name: "x" });
  assertEquals(bundle, { "text/plain": "a", [DATA_TYPE]: '{"ms":[0.3333333,12345678901,2.857143e-10],"name":"x"}' });
});
