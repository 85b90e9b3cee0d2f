/**
 * ONNX Runtime from version 1.29 on tells its maker of every model it loads, keeps a number for the device and a database in the user's cache
 * folder and a log in the temporary one, but for Windows. It does none of that where a variable of the environment says so
 * before its first session.
 *
 * @module
 */
import process from "node:process";

/** Turns that off, unless the variable is set already: it is the user's then. Without permission to write it nothing changes. */
export function disableTelemetry(): void {
  try {
    process.env.ORT_DISABLE_TELEMETRY ??= "1";
  } catch {
    // run without --allow-env
  }
}
