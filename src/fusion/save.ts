import { dirname, extname, join, normalize } from "node:path";
import { readdirSync } from "node:fs";
import { FileSource, readRange } from "../io/source.ts";
import { STAGED_NAME } from "../io/staged_file.ts";
import { type SavedFiles, saveFiles } from "../io/save_files.ts";
import { type ExternalTarget, type Layout, type Segment, segmentsLength } from "../proto/encode.ts";
import { externalLocations } from "../proto/external.ts";
import { streamed } from "../proto/stream.ts";
import { codeOf, FileError, formatErrorsOf } from "../io/errors.ts";
import { interruptSignal } from "../host/interrupts.ts";
import { checked, type OptionNames } from "../host/options.ts";

/** How to save a model. */
export interface SaveOptions {
  /**
   * Where its weights go: `auto` (default) puts them into a file beside the model where the model had such a file or the
   * result is larger than 1.5 GiB; `none` keeps them in the model; anything else is the name of the data file, relative to
   * the model.
   */
  externalData?: "auto" | "none" | string;
  /** Overwrites read-only files, and a named data file that is not this model's own. */
  force?: boolean;
  /** Aborting it ends the save: everything is then as it was. */
  signal?: AbortSignal;
  /** Called as it goes on, with the share that is written, 0 to 1. */
  onProgress?: (fraction: number) => void;
}

const SAVE_OPTIONS: OptionNames<SaveOptions> = { externalData: true, force: true, signal: true, onProgress: true };

/** Tensors below this size stay in the model file even where the weights have a file of their own. */
const EXTERNAL_THRESHOLD = 1024;
/** Models above this size get a data file. */
const AUTO_BYTES = 1.5 * 2 ** 30;
/** No protobuf message is larger. */
export const MOST_BYTES = 2 ** 31 - 1;

/** The first byte of a model, as everybody writes them. */
const IR_VERSION_TAG = 1 * 8;

/** What `saveModel` needs of a model. */
export interface Savable {
  /** Whether its weights were in files of their own. */
  readonly isExternal: boolean;
  /** What its bytes are read from. */
  readonly sources: ReadonlySet<FileSource>;
  /** The file it was opened from. */
  readonly origin?: FileSource;
  /** What to call it in an error. */
  readonly source: string;
  /** Its segments. */
  layout(target?: ExternalTarget): Layout;
}

/** Writes a model to a file, and its weights beside it where they have a file of their own. */
export async function saveModel(model: Savable, path: string, options: SaveOptions = {}): Promise<SavedFiles> {
  const { externalData = "auto", force, signal = interruptSignal(), onProgress } = checked(
    "save",
    options,
    SAVE_OPTIONS,
  );
  const inline = externalData === "none" || externalData === "auto" && !model.isExternal
    ? segmentsLength(model.layout().model)
    : Infinity;
  const isExternal = externalData !== "none" && inline > AUTO_BYTES;
  const at = (location: string) => model.layout({ location, threshold: EXTERNAL_THRESHOLD });
  const { model: main, external } = isExternal ? at("") : model.layout();
  const mainBytes = segmentsLength(main), bytes = mainBytes + segmentsLength(external);
  if (mainBytes > MOST_BYTES) {
    throw new FileError(
      path,
      `cannot be written: the model alone has ${mainBytes} bytes, beyond protobuf's 2 GiB.` +
        (isExternal ? "" : " Let its weights have a data file (external data: auto)."),
    );
  }
  const hasData = external.length > 0;
  const bytesOf = (segments: readonly Segment[]) => chunksWithErrorsOf(model.source, streamed(segments));
  return await saveFiles(path, {
    main: (location) => bytesOf((hasData ? at(location!) : model.layout()).model),
    data: hasData ? () => bytesOf(external) : undefined,
    verify: () => model.sources.forEach((source) => source.verifyUnchanged()),
    replaces: (file) => model.sources.forEach((source) => source.isFile(file) && source.replaced()),
  }, {
    dataName: externalData === "auto" || externalData === "none" ? undefined : externalData,
    force,
    signal,
    onBytes: onProgress && ((count) => onProgress(Math.min(1, count / bytes))),
    isOwnData: (file, name) => isOwnData(model, file, name),
    isUsedData: (folder, name) => isUsed(folder, name),
  });
}

/** The chunks; an error in computing them is one of the model's. */
function* chunksWithErrorsOf(source: string, chunks: Iterator<Uint8Array>): Generator<Uint8Array> {
  for (;;) {
    const { done, value } = formatErrorsOf(source, () => chunks.next());
    if (done) return;
    yield value;
  }
}

/** Whether the model file `file` has the data file `name` beside it to itself. */
function isOwnData({ sources, origin }: Savable, file: string, name: string): boolean {
  if (!mayUse(file, name)) return false;
  const path = join(dirname(file), name);
  const isSource = [...sources].some((source) => source.path === path || source.isAt(path));
  if (isSource && !origin?.isAt(file)) return false;
  return !isUsed(dirname(file), name, file);
}

/** Whether a file of a folder, but for one, takes the file `name` there for its data, or may: a folder that cannot be listed may hold any. */
function isUsed(folder: string, name: string, except?: string): boolean {
  let files: string[];
  try {
    // what is being written, or is left of that, uses nothing yet
    files = readdirSync(folder, { withFileTypes: true }).filter((entry) =>
      !entry.isDirectory() && !STAGED_NAME.test(entry.name)
    ).map(({ name }) => join(folder, name));
  } catch {
    return true;
  }
  const data = join(folder, name);
  return files.some((file) => file !== except && file !== data && mayUse(file, name));
}

/** Whether a file is a model with data in the file `name` beside it. What may not be read may be one if it is called so. */
function mayUse(file: string, name: string): boolean {
  const isModel = extname(file).toLowerCase() === ".onnx";
  try {
    const source = new FileSource(file), [first] = readRange({ source, offset: 0, length: 1 });
    if (!isModel && (first !== IR_VERSION_TAG || source.size > MOST_BYTES)) return false; // weights may be large, and read as anything
    return [...externalLocations(source)].some((location) => normalize(location) === name);
  } catch (error) {
    return isModel && error instanceof FileError && /^(EACCES|EPERM)$/.test(codeOf(error.cause) ?? "");
  }
}
