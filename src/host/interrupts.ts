import process from "node:process";

let calls: AbortController | undefined;

/**
 * Makes an interrupt (Ctrl-C, the stop button of a notebook) stop the calls that are under way instead of the process, which lives
 * on with its variables. Say it once, in a notebook's first cell: nothing listens to a signal before, and only this does then.
 *
 * From then on each call that takes a `signal` and is given none ends at an interrupt as at an aborted signal: `compare` gives what
 * was measured, the others throw a `DOMException` named `AbortError`. An interrupt is heard when the program next waits for
 * something: a computation that never does runs on, and ends with the kernel only.
 */
export function stopOnInterrupt(): void {
  if (calls) return;
  calls = new AbortController();
  process.on("SIGINT", () => {
    const stopped = calls!;
    calls = new AbortController(); // for the next call, so that the next cell runs
    stopped.abort(new DOMException("Interrupted: the call was stopped before it had anything to give.", "AbortError"));
  });
}

/** What an interrupt aborts: the signal of a call that is given none. Undefined unless {@linkcode stopOnInterrupt} was called. */
export function interruptSignal(): AbortSignal | undefined {
  return calls?.signal;
}
