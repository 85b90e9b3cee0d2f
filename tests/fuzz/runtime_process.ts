/** ONNX Runtime in a process of its own: it dies of some mutated models, ends with others never, or takes all memory. */
import { fileURLToPath } from "node:url";

/** What came of two models. */
export type Compared =
  | { outcome: "same" | "refused"; reason?: undefined }
  /** The first model ended the runtime, or was not done in time. */
  | { outcome: "fatal"; reason: string }
  /** The runtime runs the first model, and the second one does not do the same. */
  | { outcome: "broken"; reason: string };

/** Both models together must be done in this time, milliseconds. */
const DEADLINE_MS = 20_000;
/** A process may have so many KiB of memory of its own, where the system can hold it to that. */
const MOST_KIB = 6 * 2 ** 20;

/** Compares models in a process that is started anew after one that it died of. */
export class RuntimeProcess implements AsyncDisposable {
  #running?: { child: Deno.ChildProcess; reader: ReadableStreamDefaultReader<string>; rest: string };

  /** Runs two models, and says whether they do the same. */
  async compare(before: Uint8Array, after: Uint8Array): Promise<Compared> {
    const { child } = this.#running ??= start();
    let isLate = false, at = "before";
    const timer = setTimeout(() => {
      isLate = true;
      child.kill("SIGKILL");
    }, DEADLINE_MS);
    try {
      const written = this.#write([before, after]).catch(() => {}); // it may die while it reads
      for (let line; (line = await this.#line()) !== undefined;) {
        if (!line.startsWith("{")) continue; // the runtime's own
        const answer = JSON.parse(line);
        if (!answer.at) return answer;
        at = answer.at;
      }
      await written;
    } finally {
      clearTimeout(timer);
    }
    const { signal, code } = await child.status;
    await this[Symbol.asyncDispose]();
    const how = isLate ? `is not done with it in ${DEADLINE_MS / 1000} s` : `dies of it (${signal ?? `code ${code}`})`;
    return at === "before"
      ? { outcome: "fatal", reason: `ONNX Runtime ${how}` }
      : { outcome: "broken", reason: `ONNX Runtime runs the model; of the fused one, it ${how}` };
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (!running) return;
    await running.child.stdin.close().catch(() => {});
    await running.reader.cancel();
    await running.child.status;
  }

  async #write(models: readonly Uint8Array[]): Promise<void> {
    const writer = this.#running!.child.stdin.getWriter();
    try {
      for (const model of models) {
        const length = new Uint8Array(4);
        new DataView(length.buffer).setUint32(0, model.length);
        await writer.write(length);
        await writer.write(model);
      }
    } finally {
      writer.releaseLock();
    }
  }

  /** The next line it says; undefined once it has ended. */
  async #line(): Promise<string | undefined> {
    const running = this.#running!;
    while (!running.rest.includes("\n")) {
      const { value, done } = await running.reader.read();
      if (done) return undefined;
      running.rest += value;
    }
    const end = running.rest.indexOf("\n"), line = running.rest.slice(0, end);
    running.rest = running.rest.slice(end + 1);
    return line;
  }
}

function start() {
  const script = fileURLToPath(new URL("compare_models.ts", import.meta.url));
  const run = [Deno.execPath(), "run", "-A", "--quiet", "--no-lock", "--no-check", script];
  const limited = ["/bin/sh", "-c", `ulimit -d ${MOST_KIB} 2>/dev/null; exec "$0" "$@"`, ...run];
  const [command, ...args] = Deno.build.os === "windows" ? run : limited;
  const child = new Deno.Command(command, { args, stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
  return { child, reader: child.stdout.pipeThrough(new TextDecoderStream()).getReader(), rest: "" };
}
