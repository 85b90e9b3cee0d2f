import type { Command } from "commander";

/** What a file of `commands/` exports as `command`: one command of the command line. */
export interface CommandFile {
  /**
   * Adds arguments and options to a command that has its name and summary already. This is the one place for names of
   * values, usage, help and completions. It runs for `--help` too, so what is heavy is imported in {@link run}.
   */
  define(command: Command): void;
  /** Does it, with the arguments and options that the command parsed; resolves to the exit code: 0 it worked, 1 the answer is no. */
  run(command: Command): Promise<number>;
}

/** Every command, and what it does in one line, in the order of the help. A new one is a line here and `commands/NAME.ts`. */
export const COMMANDS: Readonly<Record<string, string>> = {
  fuse: "fuse consecutive linear layers of a model and write the result",
  explain: "say what fuse would do to a model, and why it would leave the rest",
  compare: "time two models against each other and compare their outputs",
  diff: "compare two saved comparisons: what became faster or slower",
  build: "build a known architecture, unfused",
  rules: "list the rules, one line each",
  reproduce: "the article: ResNet-101 (or your model) before and after fusion",
};

/** Loads the file of a command. */
export async function loadCommand(name: string): Promise<CommandFile> {
  const file = `./commands/${name}.ts`; // not written into import(): Deno would load every command's modules at each start
  return (await import(file)).command;
}
