import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What a command line gave. */
export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** How to start the CLI. */
export interface StartOptions {
  /** Permissions, default all. */
  permissions?: string[];
  env?: Record<string, string>;
  stdin?: "piped";
}

/** Starts the CLI in a process of its own. */
export function startCli(...args: [StartOptions, ...string[]] | string[]): Deno.ChildProcess {
  const [first] = args, given = typeof first === "object" ? first : {};
  const { permissions = ["-A"], env = {}, stdin = "null" } = given;
  const words = (typeof first === "object" ? args.slice(1) : args) as string[];
  const start = [
    "run",
    ...permissions,
    "--no-lock",
    "--quiet",
    "--config",
    `${ROOT}deno.json`,
    `${ROOT}src/cli/main.ts`,
  ];
  return new Deno.Command(Deno.execPath(), {
    args: [...start, ...words],
    stdin,
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1", ...env },
  }).spawn();
}

/** Runs the CLI as a user does, in a process of its own. */
export async function cli(...args: string[]): Promise<CliResult> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", "--quiet", "--config", `${ROOT}deno.json`, `${ROOT}src/cli/main.ts`, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** The path of a fixture. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}.onnx`, import.meta.url));
}

/** Runs `work` with a fresh folder that is removed afterwards. */
export async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "layerfuse_test_" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Names in a folder, in order. */
export function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}
