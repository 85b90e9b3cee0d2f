import type { Complete } from "@bomb.sh/tab";
import tab from "@bomb.sh/tab/commander";
import { readdirSync } from "node:fs";
import { COMMANDS } from "./command.ts";
import { createProgram } from "./program.ts";

/** Names of values that are files or folders. */
const FILE = /\b(?:MODEL|BEFORE|AFTER|OLD\.json|NEW\.json|OUT|FILE|FOLDER)\b/;

/**
 * `layerfuse complete bash` (or zsh, fish, powershell) prints a script for that shell; `layerfuse complete -- WORDS` is what the
 * script calls for the words typed so far. Resolves to the exit code.
 */
export async function complete(args: readonly string[]): Promise<number> {
  const words = args[1] === "--" ? args.slice(2) : [];
  const typed = words.find((word) => Object.hasOwn(COMMANDS, word));
  const { program, run } = await createProgram(typed);
  const completions = tab(program);
  const command = program.commands.find((command) => command.name() === typed);
  const known = completions.commands.get(typed ?? "");
  if (command && known) {
    const offer = (add: Complete) => filesBeside(words.at(-1) ?? "").forEach((file) => add(file, ""));
    for (const argument of command.registeredArguments) {
      if (FILE.test(argument.name())) known.argument(argument.name(), offer);
    }
    for (const { long, flags } of command.options) {
      const option = known.options.get(long?.slice(2) ?? "");
      if (option && FILE.test(flags)) option.handler = offer;
    }
  }
  return await run(args);
}

/** Files and folders (with a slash) that begin as `typed` does. */
function filesBeside(typed: string): string[] {
  const folder = typed.slice(0, typed.lastIndexOf("/") + 1);
  try {
    return readdirSync(folder || ".", { withFileTypes: true })
      .map((entry) => folder + entry.name + (entry.isDirectory() ? "/" : ""))
      .filter((path) => path.startsWith(typed));
  } catch {
    return []; // no such folder: nothing to offer
  }
}
