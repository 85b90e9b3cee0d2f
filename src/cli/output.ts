/**
 * What a command prints: text for people, or JSON, in the same way for every command.
 *
 * @module
 */
import type { Command } from "commander";
import { UsageError } from "./usage_error.ts";
import { onDemand } from "./on_demand.ts";

/** The value of `--json [FILE]`: absent, given alone, or with a file (`-` is standard output). */
export type JsonOption = string | true | undefined;

/** Adds `--json [FILE]`. */
export function addJson(command: Command): Command {
  return command.option("--json [FILE]", "print JSON in place of text, errors too; with FILE write it there as well");
}

/** Whether JSON goes to standard output. */
export function isJsonPrinted(json: JsonOption): boolean {
  return json === true || json === "-";
}

/** Whether a command line asks for JSON on standard output: for its errors, which may come before it is parsed. */
export function asksForJson(args: readonly string[]): boolean {
  const at = args.findIndex((arg) => arg === "--json" || arg === "--json=-");
  return at >= 0 && (args[at] === "--json=-" || at + 1 === args.length || args[at + 1].startsWith("-"));
}

/** Throws a {@link UsageError} where `--json` names a file that cannot be meant: before the long part, not after it. */
export async function checkJson(json: JsonOption): Promise<void> {
  if (typeof json !== "string") return;
  if (/\.onnx$/i.test(json)) {
    throw new UsageError(
      `--json ${json}: that is a model, which JSON would overwrite. Put --json last, or --json=FILE.`,
    );
  }
  await (await onDemand("cli/write_whole")).checkFolder(json);
}

/** Prints a result as text, as JSON, or as text with JSON in a file. */
export async function show(json: JsonOption, result: unknown, text: () => string): Promise<void> {
  if (isJsonPrinted(json)) return console.log(JSON.stringify(result, null, 2));
  if (typeof json === "string") {
    await (await onDemand("cli/write_whole")).writeWhole(json, JSON.stringify(result, null, 2));
  }
  console.log(text());
}

/** The value of `-o OUT`, which a command cannot do without. Throws a {@link UsageError} where it was not given. */
export function requireOut(command: string, output: string | undefined): string {
  if (output) return output;
  throw new UsageError(`${command}: no file to write is given. Give -o OUT.`);
}
