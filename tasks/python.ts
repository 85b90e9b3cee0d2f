/**
 * Finds a Python that has the modules a task needs: the one `jupyter` on PATH runs on, `python3`, `python`, or the project's
 * own `.venv` (or another), which is made with pip when none of them has.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { root } from "./root.ts";

/** A Python interpreter that can import what was asked for, or the reason why there is none. */
export type Python = { path: string; missing?: undefined } | { path?: undefined; missing: string };

/** What a task needs of Python: a statement that succeeds only with the right modules, and how pip gets them. */
export interface Needs {
  /** One line of Python that fails unless the modules are there and recent enough. */
  check: string;
  /** File under `tasks/` that pip installs from. */
  requirements: string;
  /** Folder of the project's environment for it, default `.venv`. */
  venv?: string;
}

/** The folder of an environment, and the interpreter in it. */
function environment({ venv = ".venv" }: Needs): { folder: string; python: string } {
  const folder = fileURLToPath(new URL(`${venv}/`, root));
  return { folder, python: Deno.build.os === "windows" ? `${folder}Scripts\\python.exe` : `${folder}bin/python` };
}

/** A Python that has these needs already; nothing is installed. */
export async function pythonAtHand(needs: Needs): Promise<string | undefined> {
  for (const path of [...await jupyterPython(), "python3", "python", environment(needs).python]) {
    if (await succeeds(path, ["-c", needs.check])) return path;
  }
}

/** A Python for these needs; installs into the project's environment (and says so) when no Python at hand has the modules. */
export async function pythonWith(needs: Needs): Promise<Python> {
  const path = await pythonAtHand(needs);
  if (path) return { path };
  const { venv = ".venv" } = needs, { folder, python: interpreter } = environment(needs);
  if (!await succeeds(interpreter, ["-m", "pip", "--version"])) {
    const base = await firstThatRuns(["python3", "python"]);
    if (!base) return { missing: "there is no python3 (nor python) on PATH" };
    console.error(`Making a Python environment in ${venv} (${needs.requirements}) …`);
    const made = await run(base, ["-m", "venv", "--clear", folder]);
    if (!made.success) {
      return { missing: `"${base} -m venv ${venv}" failed (on Debian: apt install python3-venv)\n${made.text}` };
    }
  } else console.error(`Adding to the Python environment in ${venv} (${needs.requirements}) …`);
  const requirements = fileURLToPath(new URL(`tasks/${needs.requirements}`, root));
  const installed = await run(interpreter, ["-m", "pip", "install", "--quiet", "--requirement", requirements]);
  if (!installed.success) return { missing: `pip could not install ${needs.requirements}\n${installed.text}` };
  if (await succeeds(interpreter, ["-c", needs.check])) return { path: interpreter };
  return { missing: `${venv} was made, but "${needs.check}" still fails in it; remove ${venv} and try again` };
}

/** The interpreter named in the first line of the `jupyter` script on PATH: its own environment may be off PATH (pipx). */
async function jupyterPython(): Promise<string[]> {
  const separator = Deno.build.os === "windows" ? ";" : ":";
  for (const folder of (Deno.env.get("PATH") ?? "").split(separator)) {
    const script = await Deno.readTextFile(`${folder}/jupyter`).catch(() => "");
    const interpreter = /^#!\s*(\S*python\S*)\s*$/m.exec(script.split("\n", 1)[0]);
    if (interpreter) return [interpreter[1]];
  }
  return [];
}

async function firstThatRuns(commands: string[]): Promise<string | undefined> {
  for (const command of commands) {
    if (await succeeds(command, ["-c", "import sys; sys.exit(sys.version_info < (3, 9))"])) return command;
  }
}

async function succeeds(command: string, args: string[]): Promise<boolean> {
  return (await run(command, args)).success;
}

async function run(command: string, args: string[]): Promise<{ success: boolean; text: string }> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(command, { args, stdin: "null" }).output();
    const decoder = new TextDecoder();
    return { success, text: (decoder.decode(stdout) + decoder.decode(stderr)).trim() };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { success: false, text: `${command} is not installed` };
    throw error;
  }
}
