import { type Command, InvalidArgumentError, Option } from "commander";
import process from "node:process";
import { Readable } from "node:stream";
import type { Model, OpenOptions } from "../fusion/mod.ts";
import { interruptible } from "./interruption.ts";
import { startProgress } from "./progress.ts";
import { onDemand } from "./on_demand.ts";

/** What {@link addSourceOptions} parses. */
export interface SourceChoice {
  /** Whether data files may be links out of the model's folder. */
  allowLinks?: boolean;
  /** Folder of downloads; false for none. */
  cache?: string | false;
  /** SHA-256 of what is downloaded. */
  sha256?: string;
  /** Most bytes of a download. */
  maxDownload?: number;
}

/** Adds the options that say how to read a model, shared by every command that takes one. */
export function addSourceOptions(command: Command): Command {
  return command
    .option("--allow-links", "let the model's data files be links out of its folder")
    .addOption(new Option("--cache <FOLDER>", "where downloads are kept, default layerfuse in the user's cache folder"))
    .option("--no-cache", "keep no download")
    .option("--sha256 <HEX>", "what a downloaded model's SHA-256 must be", hash)
    .option("--max-download <SIZE>", "most bytes to download, such as 500MB; default 16 GiB", size);
}

/** Opens the model that a command line names: a path, a URL, or - for standard input; says what is notable about it. */
export async function openModel(name: string, choice: SourceChoice): Promise<Model> {
  const { open } = await onDemand("fusion/mod");
  const source = name === "-" ? Readable.toWeb(process.stdin) as unknown as ReadableStream<Uint8Array> : name;
  const model = await reading(name, choice, (options) => open(source, { ...options, name: "(standard input)" }));
  for (const note of model.notes) console.error(note);
  return model;
}

/** Does work that reads the model that a command line names, with a progress bar for a download. */
export async function reading<T>(
  name: string,
  { allowLinks, sha256, cache, maxDownload: maxBytes }: SourceChoice,
  work: (options: OpenOptions) => Promise<T>,
): Promise<T> {
  const progress = await startProgress();
  try {
    const onProgress = (bytes: number, total?: number) =>
      total && progress.update(bytes / total, `downloading ${name}`);
    const options: OpenOptions = { allowLinks, sha256, maxBytes, onProgress };
    if (cache !== undefined && (cache as unknown) !== true) options.cache = cache;
    const isLocal = name !== "-" && !isWebAddress(name);
    return isLocal ? await work(options) : await interruptible((signal) => work({ ...options, signal }));
  } finally {
    progress.stop();
  }
}

/** Whether a command line names a model on a server. */
export function isWebAddress(name: string): boolean {
  return /^https?:/.test(name);
}

function hash(given: string): string {
  if (/^[0-9a-f]{8,64}$/i.test(given)) return given.toLowerCase();
  throw new InvalidArgumentError("expected 64 hexadecimal digits, or the first of them");
}

const UNITS: Record<string, number> = { "": 1, k: 1e3, m: 1e6, g: 1e9, ki: 2 ** 10, mi: 2 ** 20, gi: 2 ** 30 };

function size(given: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)\s*([kmg]i?|)b?$/i.exec(given) ?? [];
  if (count === undefined) throw new InvalidArgumentError("expected a size such as 500MB or 2GiB");
  return Number(count) * UNITS[unit.toLowerCase()];
}
