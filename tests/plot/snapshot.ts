/**
 * Compares text with a committed file. To write the files anew after a change that is meant, and then look at them:
 *
 *     UPDATE_SNAPSHOTS=1 deno test -A tests/plot
 *
 * @module
 */

import { assertEquals } from "@std/assert";

const FOLDER = new URL("snapshots/", import.meta.url);

/** Asserts that the text is exactly the committed file of that name. */
export async function assertSnapshotFile(text: string, name: string): Promise<void> {
  const file = new URL(name, FOLDER);
  if (Deno.env.get("UPDATE_SNAPSHOTS") === "1") {
    await Deno.mkdir(FOLDER, { recursive: true });
    return await Deno.writeTextFile(file, text);
  }
  const expected = await Deno.readTextFile(file);
  // Not assertEquals on both texts: a difference of two long SVGs takes long to print and says little.
  let at = 0;
  while (at < text.length && text[at] === expected[at]) at++;
  const around = (whole: string) => whole.slice(Math.max(0, at - 60), at + 60);
  if (text !== expected) assertEquals(around(text), around(expected), `${name} differs at character ${at}`);
  assertEquals(text.length, expected.length);
}
