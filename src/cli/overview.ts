import config from "../../deno.json" with { type: "json" };
import { COMMANDS } from "./command.ts";

/** What exit codes mean, for every help. */
export const EXIT_CODES = `Exit codes:
  0  it worked
  1  the answer is no: a limit is broken, models differ, a comparison got worse
  2  bad use or input: one line on stderr says what, and no file is left behind
  130, 143, 129  it was told to end by SIGINT, SIGTERM, SIGHUP`;

/** The package's version. */
export const VERSION: string = config.version;

/** The answer to `layerfuse --help`. It is made of the table of commands alone: it is there before any library is loaded. */
export function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  return `Usage: layerfuse COMMAND [options]

Fuse consecutive linear layers of ONNX models, and measure what that changed.

Commands:
${Object.entries(COMMANDS).map(([name, summary]) => `  ${name.padEnd(width)}  ${summary}`).join("\n")}

Options:
  -V, --version  print the version
  -h, --help     print this; layerfuse COMMAND --help says what a command takes

Completions: source <(layerfuse complete bash), or zsh
             layerfuse complete fish | source

${EXIT_CODES}`;
}
