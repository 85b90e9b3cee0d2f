/**
 * What the Deno kernel needs so that a notebook keeps every output.
 *
 * Deno 2.9 sends a cell's output and the message that the cell is done on two paths, and clients stop listening at the
 * second: what comes later is lost. So the kernel's JavaScript is held for a moment right after it handed the output
 * over, until the other thread has sent it.
 *
 * @module
 */

import { notebookKernel } from "../host/deno.ts";
import type { MimeBundle } from "./bundle.ts";

/** MIME type of the raw data in a display; notebooks keep it, and show the other forms. */
export const DATA_TYPE = "application/vnd.layerfuse+json";

/** How long an output is given to be sent, milliseconds. */
const HOLD = 20;

/** What `Deno.jupyter` offers, as far as it is used here. */
export interface Jupyter {
  /** Sends a message to the notebook. */
  broadcast(
    type: string,
    content: { data: MimeBundle; metadata: object; transient: { display_id: string } },
  ): void | Promise<void>;
}

/** The kernel this runs in; undefined outside notebooks. */
function jupyter(): Jupyter | undefined {
  return notebookKernel() as Jupyter | undefined;
}

/**
 * The bundle with the raw data behind it, as JSON in one line (notebooks write a list's every number on a line of its
 * own); numbers keep seven digits.
 */
export function withData(bundle: MimeBundle, data: unknown): MimeBundle {
  const short = (_: string, value: unknown) =>
    typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(7)) : value;
  return { ...bundle, [DATA_TYPE]: JSON.stringify(data, short) };
}

/**
 * The bundle as it is, but in the Deno kernel one whose output is not lost: the kernel reads it in the very call that
 * hands it over, so a microtask from that reading is the first thing to run afterwards.
 */
export function withFlush(bundle: MimeBundle, kernel: Jupyter | undefined = jupyter()): MimeBundle {
  const [first] = Object.keys(bundle);
  if (first === undefined || !kernel) return bundle;
  const content = bundle[first];
  return Object.defineProperty({ ...bundle }, first, {
    enumerable: true,
    get: () => (queueMicrotask(hold), content),
  });
}

function hold(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HOLD);
}

/**
 * A line under a notebook's cell that says how far its work is and changes in place: call the result with the share
 * done (0…1) and what is under way. At 1 the line goes. Does nothing outside notebooks.
 */
export function progressLine(
  kernel: Jupyter | undefined = jupyter(),
): (fraction: number, text: string) => void {
  if (!kernel) return () => {};
  const id = crypto.randomUUID();
  let shown: string | undefined;
  return (fraction, text) => {
    const percent = Math.floor(Math.min(Math.max(fraction, 0), 1) * 100);
    const line = fraction >= 1 ? "" : `${"█".repeat(percent / 5).padEnd(20, "░")} ${percent}% ${text}`;
    if (line === (shown ?? "")) return;
    kernel.broadcast(shown === undefined ? "display_data" : "update_display_data", {
      data: { "text/plain": line },
      metadata: {},
      transient: { display_id: id },
    });
    shown = line;
  };
}
