import type { Complete } from "@bomb.sh/tab";
import tab from "@bomb.sh/tab/commander";
import { readdirSync } from "node:fs";
import { COMMANDS } from "./command.ts";
import { onDemand } from "./on_demand.ts";
import { createProgram } from "./program.ts";

/** Names of values that are files or folders. */
const FILE = /\b(?:MODEL|BEFORE|AFTER|OLD\.json|NEW\.json|OUT|FILE|FOLDER)\b/;

const ruleNames = async () => (await onDemand("fusion/mod")).listRules().map(({ name }) => name);
const networkNames = async () => (await onDemand("models/mod")).architectures;

/** What an option, or an argument, takes one or a list of. */
const NAMES: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  "--rules": ruleNames,
  "--skip": ruleNames,
  "--model": networkNames,
  ARCH: networkNames,
  "--provider": async () => ["auto", ...(await onDemand("bench/mod")).PROVIDERS],
};

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
    const last = words.at(-1) ?? "", [, listed = "", part = ""] = /^(.*,)?(.*)$/.exec(last) ?? [];
    const offerFiles = (add: Complete) => filesBeside(last).forEach((file) => add(file, ""));
    const offered = async (what: string, isAsked: boolean) => {
      const names = isAsked ? await NAMES[what]?.() : undefined;
      return names &&
        ((add: Complete) => names.filter((name) => name.startsWith(part)).forEach((name) => add(listed + name, "")));
    };
    for (const argument of command.registeredArguments) {
      const name = argument.name(), offer = FILE.test(name) ? offerFiles : await offered(name, !last.startsWith("-"));
      if (offer) known.argument(name, offer);
    }
    for (const { long, flags } of command.options) {
      const option = known.options.get(long?.slice(2) ?? "");
      const offer = FILE.test(flags) ? offerFiles : await offered(long ?? "", words.at(-2) === long);
      if (option && offer) option.handler = offer;
    }
  }
  return args[1] === "bash" ? await printBashScript(() => run(args)) : await run(args);
}

/** The library's line that needs the package bash-completion, which not every machine has. */
const WORDS = '_get_comp_words_by_ref -n "=:" cur prev words cword';

/** Prints the script for bash so that it needs no package, and may be sourced again, or beside that of another program. */
async function printBashScript(print: () => Promise<number>): Promise<number> {
  const { log } = console, lines: string[] = [];
  console.log = (line: string) => lines.push(line); // the library gives its script to nothing else
  try {
    return await print();
  } finally {
    console.log = log;
    const own =
      'words=("${COMP_WORDS[@]}") cword=$COMP_CWORD cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}';
    console.log(
      lines.join("\n").replaceAll(/^readonly /gm, "").replace(
        WORDS,
        `if declare -F _get_comp_words_by_ref > /dev/null; then ${WORDS}; else ${own}; fi`,
      ),
    );
  }
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
