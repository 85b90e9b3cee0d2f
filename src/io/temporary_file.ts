import process from "node:process";
import { TemporaryDirectory } from "../host/temporary_directory.ts";
import type { FileSource } from "./source.ts";

/**
 * Opens a file that `write` writes into a folder of its own, and removes both names: the file goes when it is no longer read. Where an
 * open file cannot be removed (Windows), that is when the program ends.
 */
export async function temporaryFile(write: (folder: string) => Promise<FileSource>): Promise<FileSource> {
  const directory = new TemporaryDirectory();
  try {
    return await write(directory.path);
  } finally {
    if (process.platform !== "win32") directory[Symbol.dispose]();
  }
}
