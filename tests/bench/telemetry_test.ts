import { assertEquals } from "@std/assert";
import process from "node:process";
import { disableTelemetry } from "../../src/bench/telemetry.ts";
import { filesIn, fixture, inFolder } from "../cli/run_cli.ts";

const VARIABLE = "ORT_DISABLE_TELEMETRY";

/** Where Deno has the packages, for a process without the environment that says so. */
async function packages(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

Deno.test("a session leaves nothing of ONNX Runtime's reports to its maker in the home and the temporary folder", () =>
  inFolder(async (folder) => {
    const session = new URL("../../src/bench/session.ts", import.meta.url).href;
    const script = `
      import { openSession } from ${JSON.stringify(session)};
      await using session = await openSession(${JSON.stringify(fixture("fashion_convrelubn"))});
      console.log(session.outputs.length);`;
    await Deno.writeTextFile(`${folder}/open.ts`, script);
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-lock", "--no-check", "--config", config, `${folder}/open.ts`],
      clearEnv: true, // the runtime reports nothing in CI by itself
      env: { HOME: folder, TMPDIR: folder, DENO_DIR: await packages() },
    }).output();
    assertEquals(new TextDecoder().decode(stdout), "1\n", new TextDecoder().decode(stderr));
    assertEquals(filesIn(folder), ["open.ts"]);
  }));

Deno.test("disableTelemetry() leaves the variable as the user has set it", () => {
  const before = process.env[VARIABLE];
  try {
    process.env[VARIABLE] = "0";
    disableTelemetry();
    assertEquals(process.env[VARIABLE], "0");
    delete process.env[VARIABLE];
    disableTelemetry();
    assertEquals(process.env[VARIABLE], "1");
  } finally {
    if (before === undefined) delete process.env[VARIABLE];
    else process.env[VARIABLE] = before;
  }
});
