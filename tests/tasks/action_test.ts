import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const root = new URL("../../", import.meta.url);
const action = parse(await Deno.readTextFile(new URL("action.yml", root)));
const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}.onnx`, import.meta.url));
const QUICK = { seconds: "0.4", levels: "all" };

/** Runs the action's own steps (those with `run`) as the runner does, with these inputs. */
async function act(folder: string, given: Record<string, string>) {
  const unknown = Object.keys(given).filter((name) => !(name in action.inputs));
  assertEquals(unknown, [], "inputs that action.yml does not have");
  const inputs = {
    ...Object.fromEntries(
      Object.entries<{ default: string }>(action.inputs).map(([name, input]) => [name, input.default]),
    ),
    ...given,
  };
  const value = (expression: string) =>
    expression.replaceAll(
      /\$\{\{ (\S+) \}\}/g,
      (_, name: string) =>
        name === "github.action_path" ? fileURLToPath(root) : inputs[name.replace("inputs.", "") as "models"],
    );
  let code = 0, said = "";
  for (const step of action.runs.steps.filter((step: { run?: string }) => step.run)) {
    const env = Object.fromEntries(
      Object.entries<string>(step.env).map(([name, expression]) => [name, value(expression)]),
    );
    const child = await new Deno.Command("bash", {
      args: ["--noprofile", "--norc", "-eo", "pipefail", "-c", step.run],
      cwd: folder,
      stdin: "null",
      env: {
        ...env,
        GITHUB_ACTIONS: "true",
        GITHUB_OUTPUT: `${folder}/output`,
        GITHUB_STEP_SUMMARY: `${folder}/summary.md`,
        NO_COLOR: "1",
      },
    }).output();
    code = child.code;
    said += new TextDecoder().decode(child.stdout) + new TextDecoder().decode(child.stderr);
  }
  return { code, said };
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "layerfuse_action_" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the GitHub Action compares a model with its fused self, annotates, writes the summary and the results", async () => {
  await inFolder(async (folder) => {
    const { code, said } = await act(folder, {
      ...QUICK,
      models: `${fixture("fashion_repvgg")}\n`,
      "max-error": "1e-4",
    });
    assertEquals(code, 0, said);
    assertMatch(said, /^::notice title=layerfuse compare::/m);
    assertStringIncludes(await Deno.readTextFile(`${folder}/summary.md`), "| all");
    assertEquals(await Deno.readTextFile(`${folder}/output`), "json=layerfuse-reports/layerfuse.json\n");
    const files = [...Deno.readDirSync(`${folder}/layerfuse-reports`)].map(({ name }) => name).sort();
    assertEquals(files, ["html", "json", "md", "xml"].map((ending) => `layerfuse.${ending}`));
    const { error } = JSON.parse(await Deno.readTextFile(`${folder}/layerfuse-reports/layerfuse.json`));
    assert(error.relativeL2 < 1e-4);
  });
});

Deno.test("the GitHub Action takes several pairs, and fails with an error annotation where a limit is broken", async () => {
  await inFolder(async (folder) => {
    const models = `${fixture("fashion_repvgg")}\n\n${fixture("fashion_resnet")} ${fixture("fashion_densenet")}\n`;
    const { code, said } = await act(folder, { ...QUICK, models, "max-error": "1e-4" });
    assertEquals(code, 1, said);
    assertMatch(said, /^::error title=.*fashion_resnet.*::.*error/m);
  });
});

Deno.test("the GitHub Action keeps a baseline in its first run and compares with it in its second", async () => {
  await inFolder(async (folder) => {
    const inputs = { ...QUICK, models: fixture("fashion_autoencoder"), baseline: "main", "max-error": "1e-4" };
    const first = await act(folder, inputs);
    assertEquals(first.code, 0, first.said);
    assertEquals(/baseline/i.test(await Deno.readTextFile(`${folder}/summary.md`)), false);
    const kept = [...Deno.readDirSync(`${folder}/.layerfuse/baselines`)].map(({ name }) => name);
    assert(kept.some((name) => name.startsWith("main")), kept.join());
    const second = await act(folder, inputs);
    assert(second.code === 0 || /surely worse|worse/.test(second.said), second.said);
    assertMatch(second.said, /baseline/i);
  });
});

Deno.test("nothing of the GitHub Action's inputs is read as shell", async () => {
  await inFolder(async (folder) => {
    const evil = `$(touch ${folder}/evil) ; touch ${folder}/evil2`;
    const { code, said } = await act(folder, {
      models: evil,
      "max-error": "`touch evil3`",
      args: "--size=$(touch evil4)",
    });
    assertEquals(code, 2, said);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.startsWith("evil")), []);
  });
});
