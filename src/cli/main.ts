/**
 * The command line: `fuse`, `explain`, `rules`, `compare`, `diff`, `build`, `reproduce`. Exit codes: 0 it worked, 1 the answer is no,
 * 2 bad use or bad input (one line on stderr says what).
 *
 * @module
 */
import { type Command, commandHelp, parseCommand, UsageError } from "./command.ts";

/** Commands are loaded when they are called: `fuse` starts without the benchmark. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  fuse: async () => (await import("./fuse.ts")).fuseCommand,
  explain: async () => (await import("./fuse.ts")).explainCommand,
  rules: async () => (await import("./fuse.ts")).rulesCommand,
  compare: async () => (await import("./compare.ts")).compareCommand,
  diff: async () => (await import("./diff.ts")).diffCommand,
  build: async () => (await import("./build.ts")).buildCommand,
  reproduce: async () => (await import("./reproduce.ts")).reproduceCommand,
};

async function overview(): Promise<string> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    "layerfuse: fuse consecutive linear layers of ONNX models, and measure what that changed.",
    "",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    "layerfuse COMMAND --help says more.",
  ].join("\n");
}

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
  const [name, ...rest] = args;
  try {
    if (name === undefined || name === "--help" || name === "-h" || name === "help") {
      console.log(await overview());
      return name === undefined ? 2 : 0;
    }
    const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!load) {
      throw new UsageError(`there is no command '${name}'. The commands are: ${Object.keys(COMMANDS).join(", ")}.`);
    }
    const command = await load();
    const parsed = parseCommand(command, rest);
    if (parsed.values.help) {
      console.log(commandHelp(command));
      return 0;
    }
    return await command.run(parsed);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(`layerfuse: ${message.replaceAll(/\s*\n\s*/g, " ")}`);
    if (Deno.env.get("LAYERFUSE_DEBUG")) console.error(error);
    return 2;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
