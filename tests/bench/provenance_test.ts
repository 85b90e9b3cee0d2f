import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { describeEnvironment } from "../../src/bench/environment.ts";
import { parseCpuMax, provenance, repositoryOf } from "../../src/bench/provenance.ts";
import { inFolder } from "../cli/run_cli.ts";

async function git(folder: string, ...args: string[]): Promise<string> {
  const identity = ["-c", "user.name=a", "-c", "user.email=a@b"];
  const { stdout, success } = await new Deno.Command("git", { args: ["-C", folder, ...identity, ...args] }).output();
  assert(success, args.join(" "));
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("repositoryOf() names the model's own repository, its commit and whether it is changed", async () => {
  await inFolder(async (folder) => {
    const models = `${folder}/models`;
    await Deno.mkdir(models);
    await git(models, "init", "-q");
    await Deno.writeTextFile(`${models}/a.onnx`, "1");
    await git(models, "add", ".");
    await git(models, "commit", "-qm", "a model");
    const commit = await git(models, "rev-parse", "HEAD");
    const expected = { of: "model", name: "models", commit, isDirty: false } as const;
    assertEquals(await repositoryOf(`${models}/a.onnx`), expected);
    await Deno.writeTextFile(`${models}/a.onnx`, "2");
    assertEquals(await repositoryOf(`${models}/a.onnx`), { ...expected, isDirty: true });
  });
});

Deno.test("repositoryOf() names the working directory's where the model lies in none", async () => {
  await inFolder(async (folder) => {
    const found = await repositoryOf(`${folder}/a.onnx`);
    assert(found === null || found.of === "working directory");
  });
});

Deno.test("parseCpuMax() reads a control group's quota in cores", () => {
  assertEquals([parseCpuMax("150000 100000\n"), parseCpuMax("max 100000"), parseCpuMax("")], [1.5, null, null]);
});

Deno.test("describeEnvironment() tells version, command line and the machine's state, null where it cannot", async () => {
  const environment = await describeEnvironment({ provider: "cpu", threads: 1, seed: 0 });
  assertEquals(
    environment.layerfuse,
    JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url))).version,
  );
  assert(environment.commandLine!.length > 0);
  for (const key of ["governor", "turbo", "smt", "cpuQuota", "git"] as const) {
    assert(environment[key] !== undefined, key);
  }
  assertEquals(environment.pinned, null, "one thread is not pinned");
});

Deno.test("in a notebook's kernel the notebook that Jupyter names is told, and no command line", async () => {
  const outside = Deno, before = process.env.JPY_SESSION_NAME;
  const told = async () => {
    const { commandLine, notebook } = await provenance({ provider: "cpu", threads: 1 });
    return { commandLine, notebook };
  };
  const set = (value: object) =>
    Object.defineProperty(globalThis, "Deno", { value, configurable: true, writable: true });
  set(Object.create(outside, { jupyter: { value: {} } }));
  try {
    process.env.JPY_SESSION_NAME = "some/folder/mine.ipynb";
    assertEquals(await told(), { commandLine: [], notebook: "mine.ipynb" });
    delete process.env.JPY_SESSION_NAME;
    assertEquals(await told(), { commandLine: [], notebook: "" });
  } finally {
    set(outside);
    if (before !== undefined) process.env.JPY_SESSION_NAME = before;
  }
  assertEquals((await told()).notebook, null);
});
