import type { MimeBundle } from "./bundle.ts";
import { withData, withFlush } from "./jupyter.ts";

const DISPLAY = Symbol.for("Jupyter.display");
/** What both Deno and Node ask before they print a value. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");
/** Lines that a value printed to the console takes at most. */
const LINES = 24;

/**
 * The value itself, with two things that are not part of its data: a display in notebooks, and a short form for the console. The
 * one place where values get these.
 *
 * @param display Makes the forms of the value; called when it is shown.
 * @param data What a notebook keeps of it, as JSON; the value where absent, nothing where false.
 */
export function displayed<T extends object>(value: T, display: (value: T) => MimeBundle, data: unknown = value): T {
  const show = () => withFlush(data === false ? display(value) : withData(display(value), data));
  const inspect = () => {
    const lines = display(value)["text/plain"].split("\n");
    return lines.length > LINES
      ? [...lines.slice(0, LINES - 1), `… ${lines.length - LINES + 1} more lines`].join("\n")
      : lines.join("\n");
  };
  return Object.defineProperties(value, {
    [DISPLAY]: { value: show, configurable: true },
    [INSPECT]: { value: inspect, configurable: true },
  });
}
