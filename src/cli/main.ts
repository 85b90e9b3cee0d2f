/**
 * The command line: `fuse`, `explain`, `compare`, `diff`, `build`, `rules`, `reproduce`. Exit codes: 0 it worked, 1 the answer is no,
 * 2 bad use or bad input (one line on stderr says what; with `--json` an object on stdout says it, too), 130, 143 or 129 it was
 * asked to end by SIGINT, SIGTERM or SIGHUP.
 *
 * @module
 */
import process from "node:process";
import { COMMANDS } from "./command.ts";
import { Interruption } from "./interruption.ts";
import { onDemand } from "./on_demand.ts";
import { overview, VERSION } from "./overview.ts";
import { variable } from "./variable.ts";

/**
 * Runs one command line and resolves to its exit code. Nothing is thrown: what went wrong is one line on stderr.
 *
 * @example
 * ```ts
 * import { main } from "@layerfuse/layerfuse/cli";
 *
 * const code = await main(["rules"]);
 * if (code !== 0) throw new Error("the rules could not be listed");
 * ```
 */
export async function main(args: readonly string[]): Promise<number> {
  const [first, second] = args;
  try {
    if (first === "complete") return await (await onDemand("cli/completion")).complete(args);
    if (first === "--version" || first === "-V") return say(VERSION);
    if (first === undefined) return say(overview(), 2);
    if (first === "help" && second !== undefined) return await main([second, "--help"]);
    if (first === "--help" || first === "-h" || first === "help") return say(overview());
    if (args.length === 2 && (second === "--help" || second === "-h")) {
      const { COMMAND_HELP } = await onDemand("cli/command_help");
      if (Object.hasOwn(COMMAND_HELP, first)) return say(COMMAND_HELP[first]);
    }
    const { createProgram } = await onDemand("cli/program");
    const isName = Object.hasOwn(COMMANDS, first) || first.startsWith("-");
    return await (await createProgram(first)).run(isName ? args : [first]); // what is no command has no --help
  } catch (error) {
    return await explainFailure(error, args);
  }
}

function say(text: string, code = 0): number {
  console.log(text);
  return code;
}

/** Says what went wrong; resolves to the exit code. */
async function explainFailure(error: unknown, args: readonly string[]): Promise<number> {
  const { asksForJson } = await onDemand("cli/output");
  const { colour } = await onDemand("cli/colour");
  const { cleanText } = await onDemand("plot/format"); // names out of a file may have what moves the cursor
  const lines = error instanceof Error ? error.message : String(error);
  const message = cleanText(lines.replaceAll(/\s*[\n\r\t]\s*/g, " "));
  const exitCode = error instanceof Interruption ? error.exitCode : 2;
  if (asksForJson(args)) {
    const name = error instanceof Error ? error.name : "Error";
    console.log(JSON.stringify({ error: { name, message, exitCode } }, null, 2));
  }
  console.error(`${colour("red", "layerfuse:")} ${message}`);
  if (variable("LAYERFUSE_DEBUG")) console.error(error);
  return exitCode;
}

if (import.meta.main) {
  // a file above the limit of the shell (ulimit -f) is then an error of the write, which is said, and ends no process
  if (process.platform !== "win32") process.on("SIGXFSZ", () => {});
  process.exit(await main(process.argv.slice(2)));
}
