import help from "./help.json" with { type: "json" };

/** What `layerfuse COMMAND --help` prints, as the command's own options make it: `deno task reference` writes it, so that help waits for no library. */
export const COMMAND_HELP: Readonly<Record<string, string>> = help;
