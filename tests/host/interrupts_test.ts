import { assertEquals, assertStringIncludes } from "@std/assert";

/** What a program says that interrupts itself while it has something to wait for. */
async function said(program: string): Promise<{ code: number; text: string }> {
  const from = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const source = `import { interruptSignal, stopOnInterrupt } from ${from("../../src/host/interrupts.ts")};
import { open } from ${from("../../mod.ts")};
const model = new URL("../fixtures/fashion_resnet.onnx", ${from("./")});
const interrupted = async () => {
  Deno.kill(Deno.pid, "SIGINT");
  await new Promise((resolve) => setTimeout(resolve, 200));
};
${program}
console.log("alive");
Deno.exit(0);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-lock", "--no-check", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  await new Blob([source]).stream().pipeTo(child.stdin);
  const { code, stdout } = await child.output();
  return { code, text: new TextDecoder().decode(stdout) };
}

const ignore = Deno.build.os === "windows";

Deno.test({
  name: "stopOnInterrupt() aborts the calls under way, not the next, and leaves the process alive",
  ignore,
  fn: async () => {
    const { code, text } = await said(`stopOnInterrupt();
stopOnInterrupt();
const signal = interruptSignal();
await Promise.all([open(model).catch(() => {}), interrupted()]);
console.log(signal.aborted, signal.reason.name, interruptSignal().aborted);
console.log((await open(model)).stats.nodes);`);
    assertEquals([code, text], [0, "true AbortError false\n33\nalive\n"]);
  },
});

Deno.test({
  name: "the library listens to no signal unless stopOnInterrupt() is called",
  ignore,
  fn: async () => {
    const { code, text } = await said(`console.log(interruptSignal());
await open(model);
await interrupted();`);
    assertEquals(code, 130);
    assertStringIncludes(text, "undefined");
  },
});
