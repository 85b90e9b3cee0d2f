/** Options of tasks: read strictly, with --help. */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { nearest } from "../src/host/options.ts";

/** What a task's options are, as `node:util` takes them; the arguments are the command line's. */
type TaskConfig = Omit<ParseArgsConfig, "args" | "strict" | "tokens" | "allowNegative">;
/** What was given. */
type Read<T extends TaskConfig> = ReturnType<typeof parseArgs<T & { strict: true }>>;

/**
 * The options given to a task. `--help` prints the comment that its file begins with; an option that it does not have, or one without
 * its value, ends it with exit code 2 and one line that names the nearest.
 */
export async function taskOptions<const T extends TaskConfig>(file: string, config: T): Promise<Read<T>> {
  const args = [...Deno.args];
  if (args.includes("--help") || args.includes("-h")) {
    console.log(openingComment(await Deno.readTextFile(new URL(file))));
    Deno.exit(0);
  }
  try {
    return parseArgs({ ...config, args, strict: true }) as Read<T>;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const names = Object.keys(config.options ?? {}).map((name) => `--${name}`);
    const given = args.find((argument) => error.message.includes(`'${argument.split("=")[0]}'`));
    const other = given?.startsWith("--") ? nearest(given.split("=")[0], names) : undefined;
    const [what] = error.message.split(". ");
    console.error(`${what}; ${other ? `did you mean ${other}? ` : ""}--help says what there is`);
    Deno.exit(2);
  }
}

/** The text of the comment that a file begins with. */
function openingComment(source: string): string {
  const [, text = ""] = /^\/\*\*\n?(.*?)\*\//s.exec(source) ?? [];
  return text.replaceAll(/^ \* ?/gm, "").replace(/@module\s*$/, "").trim();
}
