import { parseArgs, type ParseArgsConfig } from "node:util";

/** The command line was not understood, or what it names cannot be used: one line on stderr, exit code 2. */
export class UsageError extends Error {
  /** The error's name, `UsageError`. */
  override readonly name = "UsageError";
}

/** One option: what `parseArgs` of node:util takes, with a line of help. */
export interface Option {
  /** Whether it takes a value. */
  type: "string" | "boolean";
  /** One letter. */
  short?: string;
  /** Whether it may be given several times. */
  multiple?: boolean;
  /** What it does; a value's name stands in capitals first. */
  help: string;
}

/** What a command gets: the values of its options and its positional arguments. */
export interface Arguments {
  /** Option values by name. */
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  /** Arguments that are no options. */
  readonly positionals: readonly string[];
}

/** One command of the CLI. */
export interface Command {
  /** Its name. */
  readonly name: string;
  /** Its arguments, such as `MODEL -o OUT`. */
  readonly usage: string;
  /** What it does, one line. */
  readonly summary: string;
  /** How many positional arguments it takes, least and most. */
  readonly positionals: readonly [number, number];
  /** Its options by long name. */
  readonly options: Readonly<Record<string, Option>>;
  /** Does it; resolves to the exit code: 0 it worked, 1 the answer is no. */
  run(args: Arguments): Promise<number>;
}

/** Parses the arguments of a command. Throws a {@link UsageError} that says what was expected. */
export function parseCommand(command: Command, args: readonly string[]): Arguments {
  const options = { ...command.options, help: { type: "boolean", short: "h" } } as ParseArgsConfig["options"];
  let parsed: Arguments;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true }) as Arguments;
  } catch (error) {
    const [reason] = (error as Error).message.split(". To specify");
    throw new UsageError(`${command.name}: ${reason}. Usage: layerfuse ${command.name} ${command.usage}`);
  }
  const [least, most] = command.positionals, count = parsed.positionals.length;
  if (!parsed.values.help && (count < least || count > most)) {
    throw new UsageError(
      `${command.name}: ${count} arguments, expected ${least === most ? least : `${least} to ${most}`}. ` +
        `Usage: layerfuse ${command.name} ${command.usage}`,
    );
  }
  return parsed;
}

/** The help text of one command. */
export function commandHelp(command: Command): string {
  const rows = Object.entries(command.options).map(([name, { short, help, type }]) => {
    const [value] = type === "string" ? help.match(/^[A-Z0-9|=,.a-z]*[A-Z|]\S*/) ?? ["VALUE"] : [""];
    const rest = value && help.startsWith(value) ? help.slice(value.length).trim() : help;
    return [`${short ? `-${short}, ` : "    "}--${name}${value ? ` ${value}` : ""}`, rest];
  });
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return [
    `layerfuse ${command.name} ${command.usage}`,
    "",
    command.summary,
    ...rows.length > 0 ? ["", ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)] : [],
  ].join("\n");
}

/** The value of a text option. */
export function text({ values }: Arguments, name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}

/** A comma-separated list. */
export function list(args: Arguments, name: string): string[] | undefined {
  return text(args, name)?.split(",").map((part) => part.trim()).filter((part) => part !== "");
}

/** A number above `least`. Throws a {@link UsageError} for anything else. */
export function number(args: Arguments, name: string, least = 0): number | undefined {
  const given = text(args, name);
  if (given === undefined) return undefined;
  const value = Number(given);
  if (given.trim() === "" || !Number.isFinite(value) || value < least) {
    throw new UsageError(`--${name} ${given}: expected a number of at least ${least}`);
  }
  return value;
}

/** A whole number. Throws a {@link UsageError} for anything else. */
export function whole(args: Arguments, name: string, least = 0): number | undefined {
  const value = number(args, name, least);
  if (value !== undefined && !Number.isSafeInteger(value)) {
    throw new UsageError(`--${name} ${value}: expected a whole number`);
  }
  return value;
}
