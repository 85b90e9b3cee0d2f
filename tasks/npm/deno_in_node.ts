/**
 * What the tests use of Deno, on Node: files from `@deno/shim-deno`, tests by `node:test`. It stands in for the global `Deno` in
 * bundled tests only; src/ must do without.
 *
 * @module
 */
import { Deno as shim } from "@deno/shim-deno";
import { Buffer } from "node:buffer";
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { test } from "node:test";

type Work = (context: { step(name: string, work: () => unknown): Promise<boolean> }) => unknown;

/** Single tests that Node cannot pass, and why. */
const SKIPPED: Record<string, string> = {
  "cpuClock() goes on while this thread works, and hardly while it sleeps": "Node 20 has no CPU clock of one thread",
  "open() downloads from a URL, and says what the server answered where it cannot": "starts a server with Deno.serve",
  "open() takes a path, a file URL as URL or text, and bytes alike":
    "@deno/shim-deno's makeTempFile takes no prefix with a folder",
  "save() on a full disk says so and leaves everything as it was":
    "expects Deno's words for a full disk; Node's are in lower case",
  "save() removes what killed saves left, and not what another one is writing":
    "Node has no file locks: what a killed save left goes after a day",
  "watchMachine() sees a process that keeps a core busy": "starts `deno eval`",
  "compare() listens to no signal: the program decides what Ctrl-C does, and its AbortSignal takes the files along":
    "starts a Deno program",
};

/** One test of `Deno.test` in the forms that the tests use. */
function register(first: string | { name: string; ignore?: boolean; fn: Work }, second?: Work | object, third?: Work) {
  const definition = typeof first === "string"
    ? { name: first, ...typeof second === "object" ? second : {}, fn: (typeof second === "function" ? second : third)! }
    : first;
  const { name, fn } = definition, ignore = "ignore" in definition && definition.ignore === true || SKIPPED[name];
  test(name, { skip: ignore }, async (context) => {
    await fn({
      step: async (name, work) => {
        await context.test(name, async () => void await work());
        return true;
      },
    });
  });
}

register.ignore = (name: string, fn: Work) => register({ name, ignore: true, fn });

/** The error of a file that is not there, as Node throws it: one with a code. */
class NotFound extends Error {
  static override [Symbol.hasInstance](error: unknown): boolean {
    return (error as { code?: unknown } | undefined)?.code === "ENOENT";
  }
}

/** A process, as far as tests start some: its output, or how it ends. */
class Command {
  readonly #start: () => ChildProcess;

  constructor(program: string, options: { args?: string[]; cwd?: string; env?: Record<string, string> } = {}) {
    const { args = [], cwd, env } = options;
    this.#start = () => spawn(program, args, { cwd, env: { ...process.env, ...env } });
  }

  async output() {
    const child = this.#start(), chunks: Record<"stdout" | "stderr", Uint8Array[]> = { stdout: [], stderr: [] };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream]!.on("data", (chunk) => chunks[stream].push(chunk));
    }
    const status = await ended(child);
    return { ...status, stdout: Buffer.concat(chunks.stdout), stderr: Buffer.concat(chunks.stderr) };
  }

  spawn() {
    const child = this.#start();
    return { status: ended(child), kill: (signal?: NodeJS.Signals) => child.kill(signal), pid: child.pid };
  }
}

function ended(child: ChildProcess): Promise<{ success: boolean; code: number; signal: string | null }> {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ success: code === 0, code: code ?? 128, signal }));
  });
}

// under this name esbuild puts it in place of the global one, in tests
export { namespace as Deno };
const namespace = {
  ...shim,
  test: register,
  Command,
  errors: { ...shim.errors, NotFound },
  memoryUsage: () => process.memoryUsage(),
  build: { ...shim.build, os: process.platform === "win32" ? "windows" : process.platform },
};
