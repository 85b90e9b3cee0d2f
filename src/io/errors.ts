/**
 * Every error that a file, a download or a model's bytes can cause, in one place: the library throws them, the command
 * line prints their message.
 *
 * @module
 */
import { fileNotFound, isDenoError } from "../host/deno.ts";

/** The bytes are not an ONNX model, or not a whole one. The message names the source, the byte and what was expected. */
export class ModelFormatError extends Error {
  /** The error's name, `ModelFormatError`. */
  override readonly name = "ModelFormatError";
}

/** A file cannot be read or written. The message begins with its path and says what was found and what to do. */
export class FileError extends Error {
  /** The error's name, `FileError`. */
  override readonly name = "FileError";

  /** The file. */
  readonly path: string;

  /** Says of the file `path` what was found there, and what to do. */
  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(`${path}: ${reason}`, options);
    this.path = path;
  }
}

/** The file a model was opened from is no longer what it was: its weights are read while it is saved. */
export class ChangedFileError extends FileError {}

/** A rewrite failed for a reason of its own: a fault of layerfuse, or of a model that is not what it says. */
export class RewriteError extends Error {
  /** The error's name, `RewriteError`. */
  override readonly name = "RewriteError";

  /** Says of the model `source` what failed. */
  constructor(source: string, cause: unknown) {
    super(
      `${source}: the rewriter failed (${
        (cause as Error).message
      }). Where ONNX Runtime runs this model, that is a fault of ` +
        `layerfuse: please report it. Leaving rules out may help.`,
      { cause },
    );
  }
}

/** A download failed. The message begins with its URL. */
export class DownloadError extends Error {
  /** The error's name, `DownloadError`. */
  override readonly name = "DownloadError";

  /** Where it was to come from. */
  readonly url: string;

  /** Says of `url` what came from it, and what to do. */
  constructor(url: string, reason: string, options?: ErrorOptions) {
    super(`${url}: ${reason}`, options);
    this.url = url;
  }
}

/** The system's code of an error (`ENOENT`, …), where it has one. */
export function codeOf(error: unknown): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : undefined;
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === "ENOENT" || error instanceof Error && error.name === "NotFound";
}

/** The system's word for what went wrong, without the path that is said already: "No space left on device (os error 28)". */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n")[0].replace(/^E[A-Z0-9]+: /, "").replace(/[:,] [a-z]+ '.*$/, "");
}

/** What to throw where `path`, which should be `expected`, cannot be opened for `error`. */
export function unreadable(path: string, error: unknown, expected = "an .onnx file"): Error {
  if (error instanceof ModelFormatError || error instanceof FileError) return error;
  if (isMissing(error)) {
    return fileNotFound(`${path}: there is no such file. Give the path of ${expected}.`);
  }
  return new FileError(path, `cannot be read (${reasonOf(error)}).`, { cause: error });
}

/** What to throw where `path`, an output, cannot be written for `error`. */
export function unwritable(path: string, error: unknown): Error {
  if (!isSystemError(error)) return error as Error;
  const missing = isMissing(error);
  return new FileError(path, `cannot be written (${reasonOf(error)}).${missing ? " Does its folder exist?" : ""}`, {
    cause: error,
  });
}

function isOurs(error: unknown): boolean {
  return [ModelFormatError, FileError, RewriteError, DownloadError, DOMException].some((type) =>
    error instanceof type
  ) ||
    isSystemError(error);
}

function isSystemError(error: unknown): boolean {
  if (error instanceof FileError || error instanceof ModelFormatError || error instanceof DOMException) return false;
  // Deno has no class and no code for some, such as a file above the limit of the shell
  return codeOf(error) !== undefined || isDenoError(error) || / \(os error \d+\)/.test(String(error));
}

/**
 * What `work` gives. A {@link ModelFormatError} of it names `source` first, and what is none of our errors is one: bytes that make
 * no sense make no sense to the code either.
 */
export function formatErrorsOf<T>(source: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ModelFormatError) && isOurs(error)) throw error;
    const { message } = error as Error;
    if (!(error instanceof ModelFormatError)) {
      throw new ModelFormatError(`${source}: not a valid ONNX model (${message}).`, { cause: error });
    }
    throw message.startsWith(`${source}: `) ? error : new ModelFormatError(`${source}: ${message}`, { cause: error });
  }
}

/** What `work`, rewriting, gives; what is none of our errors is a {@link RewriteError}. */
export function rewriteErrorsOf<T>(source: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ModelFormatError) {
      return formatErrorsOf(source, () => {
        throw error;
      });
    }
    throw isOurs(error) ? error : new RewriteError(source, error);
  }
}
