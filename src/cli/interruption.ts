import process from "node:process";

/** The signals that ask for an end, and the exit code a shell expects after each. */
const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** The process was asked to end: one line on stderr, exit code 130, 143 or 129. */
export class Interruption extends Error {
  /** The error's name, `Interruption`. */
  override readonly name = "Interruption";
  /** What a shell expects. */
  readonly exitCode: number;

  /** Made of the signal's name. */
  constructor(signal: keyof typeof CODES) {
    super(`interrupted by ${signal}: nothing was written.`);
    this.exitCode = CODES[signal];
  }
}

/**
 * Does work that has files or processes to take with it: Ctrl-C and the other signals that ask for an end abort the signal it
 * gets; a second one ends the process at once. Any other work ends with the process as it is, so nothing listens then: a
 * listener would only wait for a long computation. The command line alone does this; the library never listens to signals.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const heed = (signal: NodeJS.Signals) => {
    const interruption = new Interruption(signal as keyof typeof CODES);
    if (controller.signal.aborted) process.exit(interruption.exitCode);
    controller.abort(interruption);
  };
  const signals = Object.keys(CODES) as NodeJS.Signals[];
  const heard = process.platform === "win32" ? signals.slice(0, 1) : signals;
  for (const signal of heard) process.on(signal, heed);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of heard) process.off(signal, heed);
  }
}
