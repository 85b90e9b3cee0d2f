import { Command, CommanderError, Help } from "commander";
import { COMMANDS, loadCommand } from "./command.ts";
import { EXIT_CODES } from "./overview.ts";
import { UsageError } from "./usage_error.ts";

/** Columns of help. */
const HELP_WIDTH = 80;

/** A command line ready to run. */
export interface Program {
  /** Commander's program: every command by name and summary, the one in use with arguments and options. */
  readonly program: Command;
  /** Runs it and resolves to the exit code. Throws a {@link UsageError} for bad use. */
  run(args: readonly string[]): Promise<number>;
}

/** Makes the program. Only the command in use is loaded; the others have a name and a summary. */
export async function createProgram(inUse: string | undefined): Promise<Program> {
  let code = 0;
  const program = quiet(new Command("layerfuse")).enablePositionalOptions(); // a command sees its own --
  for (const [name, summary] of Object.entries(COMMANDS)) {
    const command = quiet(program.command(name)).description(`${summary[0].toUpperCase()}${summary.slice(1)}.`);
    if (name !== inUse) continue;
    const file = await loadCommand(name);
    file.define(command);
    command.addHelpText("after", `\n${EXIT_CODES}`).action(async () => {
      code = await file.run(command);
    });
  }
  const run = async (args: readonly string[]) => {
    try {
      await program.parseAsync([...args], { from: "user" });
      return code;
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      if (error.exitCode === 0) return 0; // --help
      throw new UsageError(explained(program, error, args));
    }
  };
  return { program, run };
}

/** The help of a command, with what stands after its options. */
export async function helpOf(name: string): Promise<string> {
  const { program } = await createProgram(name), command = program.commands.find((command) => command.name() === name)!;
  let text = "";
  command.configureOutput({ writeOut: (part) => text += part }).outputHelp();
  return wrapped(text);
}

/** Help as wide on every terminal, and what stands after the options as wide as they are. */
function wrapped(text: string): string {
  return new Help().boxWrap(text.trimEnd(), HELP_WIDTH);
}

/** Neither exits nor prints errors itself: `main` does both. */
function quiet(command: Command): Command {
  return command.exitOverride()
    .configureOutput({
      writeOut: (text) => console.log(wrapped(text)),
      outputError: () => {},
      getOutHelpWidth: () => HELP_WIDTH,
    });
}

/** Commander's error in our words: the command, what was wrong, the nearest name, the usage. */
function explained(program: Command, { code, message }: CommanderError, args: readonly string[]): string {
  const said = message.replace(/^error: /, "").replace(/\.$/, "").replace(/\n\((.*)\)$/s, " ($1)");
  const command = program.commands.find((command) => command.name() === args[0]);
  if (!command) {
    const [, name, nearest = ""] = /^unknown command '(.*?)'( \(.*\))?/.exec(said) ?? [];
    const names = `The commands are: ${Object.keys(COMMANDS).join(", ")}.`;
    return name === undefined ? `${said}. ${names}` : `there is no command '${name}'${nearest}. ${names}`;
  }
  const usage = `Usage: layerfuse ${command.name()} ${command.usage()}`;
  if (code === "commander.missingArgument" || code === "commander.excessArguments") {
    const most = command.registeredArguments.length, given = command.args.length;
    const least = command.registeredArguments.filter(({ required }) => required).length;
    const expected = least === most ? least : `${least} to ${most}`;
    return `${command.name()}: ${given} argument${given === 1 ? "" : "s"}, expected ${expected}. ${usage}`;
  }
  return `${command.name()}: ${said}. ${usage}`;
}
