import { lstatSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join, normalize, relative } from "node:path";
import { ModelFormatError } from "../io/errors.ts";
import { FileSource } from "../io/source.ts";

/** Opens the data files of one model. */
export class ExternalFiles {
  /** What a reader should know of them. */
  readonly notes: string[] = [];

  readonly model: string;
  readonly path: string | undefined;
  readonly allowLinks: boolean;

  /**
   * @param model What to call the model in messages.
   * @param path Its file; undefined where it has none, and so no data files.
   * @param allowLinks Whether a link out of its folder is followed.
   */
  constructor(model: string, path: string | undefined, allowLinks: boolean) {
    this.model = model;
    this.path = path;
    this.allowLinks = allowLinks;
  }

  /** Opens the file at `location`. Throws a {@link ModelFormatError} where it may not or cannot be read. */
  open(location: string): FileSource {
    const inside = normalize(location);
    if (isAbsolute(inside) || inside.split(/[\\/]/)[0] === "..") {
      throw this.#error(`external data at '${location}' lies outside the model's folder`);
    }
    if (this.path === undefined) {
      throw this.#error(`its weights are in the file '${location}' beside it. Open the model by its path`);
    }
    try {
      const path = join(this.#folderOf(inside), inside);
      this.#checkLinks(location, path);
      return new FileSource(path);
    } catch (error) {
      if (error instanceof ModelFormatError) throw error;
      throw this.#error(
        `its weights are in '${location}' beside it, which cannot be read (${(error as Error).message})`,
      );
    }
  }

  /** The model's folder or, where it was named by a link and the file is not beside that, the folder the link leads to. */
  #folderOf(inside: string): string {
    const folder = dirname(this.path!);
    const isThere = lstatSync(join(folder, inside), { throwIfNoEntry: false });
    return isThere || !lstatSync(this.path!).isSymbolicLink() ? folder : dirname(realpathSync(this.path!));
  }

  #checkLinks(location: string, path: string): void {
    const real = realpathSync(path), folder = realpathSync(dirname(this.path!));
    const below = (folder: string) => {
      const way = relative(folder, real);
      return !isAbsolute(way) && way.split(/[\\/]/)[0] !== "..";
    };
    if (below(folder) || below(dirname(realpathSync(this.path!)))) return;
    if (!this.allowLinks) {
      throw this.#error(
        `external data at '${location}' is a link to ${real}, outside the model's folder. Allow links (--allow-links) ` +
          `if you trust the model`,
      );
    }
    this.notes.push(`The weights at '${location}' are read from ${real}, through a link out of the model's folder.`);
  }

  #error(reason: string): ModelFormatError {
    return new ModelFormatError(`${this.model}: ${reason}.`);
  }
}
