import { createHash } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, isAbsolute, join, normalize, relative, resolve } from "node:path";
import { FileError, unwritable } from "./errors.ts";
import { removeLeftovers, writeJournal } from "./leftovers.ts";
import { kindOf } from "./source.ts";
import { chunksOf, flushFolder, StagedFile } from "./staged_file.ts";
import { beside, type ExistingFile, resolveTarget, type Target } from "./target.ts";

/** What to write. */
export interface Contents {
  /** The main file's bytes; `location` is where the data file will lie, relative to it. */
  main(location?: string): Iterable<Uint8Array>;
  /** The data file's bytes, where there is one. */
  data?(): Iterable<Uint8Array>;
  /** Called right before anything is put in place; what it throws ends the save. */
  verify?(): void;
  /** Called with the file that is about to be replaced. */
  replaces?(file: { dev: bigint; ino: bigint }): void;
}

/** How to write it. */
export interface SaveFilesOptions {
  /** Name of the data file, relative to the main file; one that is free by default. */
  dataName?: string;
  /** Whether read-only files and, for a given `dataName`, those of other models may be overwritten. */
  force?: boolean;
  /** Aborting it ends the save; everything is then as it was. */
  signal?: AbortSignal;
  /** Called with the number of bytes written so far. */
  onBytes?: (count: number) => void;
  /** Called before each change of a name in the folder; tests end the process there. */
  onStep?: (what: string) => void;
  /** Whether the file of this name, beside the main file `main`, is data of that one and of no other. */
  isOwnData?(main: string, name: string): boolean;
  /** Whether any file of this folder takes the file of this name for its data. */
  isUsedData?(folder: string, name: string): boolean;
}

/** What was written: paths, links followed. */
export interface SavedFiles {
  /** The main file. */
  readonly path: string;
  /** The data file. */
  readonly data?: string;
}

/**
 * Writes a file, and its data file where there is one, in one step: until the main file is renamed into place everything is as
 * it was, and from then on everything is new, whatever kills the process when. A file that has several names, or an owner
 * that cannot be given to a new one, is overwritten in place, with a copy kept until that is done.
 *
 * Throws a {@link FileError} for what cannot be written, and the signal's reason.
 */
export async function saveFiles(
  given: string,
  contents: Contents,
  options: SaveFilesOptions = {},
): Promise<SavedFiles> {
  const target = resolveTarget(given, options.force), folder = dirname(target.path);
  const clean = () => removeLeftovers(folder, (name) => options.isUsedData?.(folder, name) ?? true);
  options.signal?.throwIfAborted();
  clean();
  try {
    using save = new Save(target, contents, options);
    const saved = await save.run();
    flushFolder(folder);
    return saved;
  } catch (error) {
    throw unwritable(given, error);
  }
}

class Save implements Disposable {
  readonly #staged = new DisposableStack();
  /** Names given to the data file that go unless the save succeeds. */
  #taken: string[] = [];
  /** Data files that the file in place has to itself. */
  #old: string[] = [];
  /** Names that nothing refers to when the save has succeeded. */
  #superfluous: string[] = [];
  #bytes = 0;

  readonly target: Target;
  readonly contents: Contents;
  readonly options: SaveFilesOptions;

  constructor(target: Target, contents: Contents, options: SaveFilesOptions) {
    this.target = target;
    this.contents = contents;
    this.options = options;
  }

  async run(): Promise<SavedFiles> {
    this.#old = this.oldData();
    if (!this.contents.data) {
      const main = await this.stage(this.contents.main());
      if (this.#old.length > 0) await this.journal(this.#old.map((name) => [name, beside(this.target, name)]));
      this.ready();
      await this.put(main);
      this.#superfluous = this.#old;
      return { path: this.target.path };
    }
    const data = await this.stage(this.contents.data());
    if (this.target.existing) data.takeAfter(this.target.existing);
    return await this.withData(data);
  }

  /**
   * Puts both in place. A data file is never replaced while the main file in place refers to it: the new one gets a free
   * name first. Where its own name is wanted, that is given to it after the main file was replaced, and that again.
   */
  async withData(data: StagedFile): Promise<SavedFiles> {
    const { target, contents } = this, wanted = this.wantedName();
    const replaced = wanted !== undefined && exists(beside(target, wanted)) ? wanted : undefined;
    const names = replaced !== undefined || wanted === undefined ? numbered(target) : [wanted];
    const name = await this.take(data, names, replaced);
    const first = await this.stage(contents.main(name));
    const second = replaced === undefined ? undefined : await this.stage(contents.main(replaced));
    this.ready();
    await this.put(first);
    this.#taken = [];
    const last = second && await this.rename(data, replaced!, second, name) ? replaced! : name;
    this.#superfluous.push(...this.#old.filter((name) => name !== last));
    return { path: target.path, data: beside(target, last) };
  }

  /** Gives the data file in place its wanted name. Where that fails the file is whole under the name it has. */
  async rename(data: StagedFile, wanted: string, main: StagedFile, name: string): Promise<boolean> {
    try {
      if (!exists(data.path)) return false; // no hard links: it was moved
      this.step(`name the data ${wanted}`);
      data.moveTo(beside(this.target, wanted));
      await this.put(main);
    } catch {
      return false;
    }
    this.#superfluous.push(name);
    return true;
  }

  /** The data files under names of ours that the file in place had to itself. */
  oldData(): string[] {
    const { target } = this, base = basename(target.path);
    if (!target.existing) return [];
    return namesIn(dirname(target.path)).filter((name) =>
      name.startsWith(`${base}.`) && /^\.(\d+\.)?data$/.test(name.slice(base.length)) && this.isOwn(name)
    );
  }

  async stage(chunks: Iterable<Uint8Array>): Promise<StagedFile> {
    const staged = this.#staged.use(StagedFile.create(dirname(this.target.path), this.target.existing));
    await staged.write(chunks, this.options.signal, (count) => this.options.onBytes?.(this.#bytes += count));
    await staged.flush();
    return staged;
  }

  /** The last moment at which nothing has changed. */
  ready(): void {
    this.options.signal?.throwIfAborted();
    this.contents.verify?.();
    if (this.target.existing) this.contents.replaces?.(this.target.existing);
  }

  /** The data file's name that was asked for, or the one that is this model's own already. */
  wantedName(): string | undefined {
    const { target, options: { dataName, force } } = this;
    if (dataName === undefined) {
      const [own] = numbered(target);
      return this.isOwn(own) ? own : undefined;
    }
    const folder = dirname(target.path);
    const name = normalize(isAbsolute(dataName) ? relative(folder, resolve(dataName)) : dataName);
    const path = join(folder, name);
    if (name.startsWith("..") || isAbsolute(name)) {
      throw new FileError(path, `a data file must lie in the folder of its model, ${folder}, or below.`);
    }
    if (path === target.path) throw new FileError(path, "cannot be both the model and its data file.");
    const info = lstatSync(path, { throwIfNoEntry: false });
    if (info && !info.isFile()) {
      throw new FileError(path, `cannot be written: it is not a regular file${kindOf(info)}.`);
    }
    if (info && !force && !this.isOwn(name)) {
      throw new FileError(path, "is there already and not this model's. Give another name, or --force it.");
    }
    return name;
  }

  isOwn(name: string): boolean {
    return this.target.existing !== undefined && exists(beside(this.target, name)) &&
      (this.options.isOwnData?.(this.target.path, name) ?? false);
  }

  /** Gives the data file the first of these names that is free; `replaced` is the one that it is to have in the end. */
  async take(data: StagedFile, names: Iterable<string>, replaced: string | undefined): Promise<string> {
    const old = replaced === undefined ? this.#old : [...this.#old, replaced];
    for (const name of names) {
      const path = beside(this.target, name);
      if (exists(path)) continue;
      const taken = replaced === undefined ? [name] : [name, replaced];
      await this.journal([
        ...old.map((name): [string, string] => [name, beside(this.target, name)]),
        ...taken.map((name): [string, string] => [name, data.path]),
      ]);
      this.step(`take ${name}`);
      const linked = data.linkTo(path);
      if (linked === "exists") continue;
      if (linked === "unsupported") data.moveTo(path);
      this.#taken.push(path);
      return name;
    }
    throw new FileError(this.target.path, "no name for its data file is free.");
  }

  /** Writes down which files are nothing's if the process is killed from now on. */
  async journal(files: [name: string, path: string][]): Promise<void> {
    this.#staged.use(await writeJournal(dirname(this.target.path), files));
  }

  /** Puts a staged file in the place of the target. */
  async put(staged: StagedFile): Promise<void> {
    const { path, existing } = this.target;
    this.step(`put ${basename(path)}`);
    const isReplaced = !existing || existing.links === 1 && staged.takeAfter(existing);
    if (isReplaced || this.options.force && !isWritable(path)) staged.moveTo(path); // forced as `cp` would: it is another file then
    else await overwrite(this.target, existing, staged);
  }

  step(what: string): void {
    this.options.onStep?.(what);
  }

  [Symbol.dispose](): void {
    this.step("clean up");
    for (const path of this.#taken) removeIfAllowed(path);
    for (const name of this.#superfluous) removeIfAllowed(beside(this.target, name));
    this.#staged.dispose();
  }
}

/** Names for the data file, the one that is tried first ahead. */
function* numbered({ path }: Target): Generator<string, undefined> {
  const name = basename(path);
  yield `${name}.data`;
  for (let number = 1; number < 10_000; number++) yield `${name}.${number}.data`;
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Names in a folder; none where it may be written and not listed. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Removes a file that is in nobody's way: in a shared folder it may be another user's, who alone may remove it. */
function removeIfAllowed(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // it stays
  }
}

/** Names for what a file was while it is overwritten in place, the one that is tried first ahead. A name may have 255 bytes. */
function* backupNames(path: string): Generator<string, undefined> {
  const name = basename(path), isLong = new TextEncoder().encode(name).length > 230;
  const short = isLong ? createHash("sha256").update(name).digest("hex") : name;
  yield join(dirname(path), `.layerfuse-${short}.backup`);
  for (let number = 1; number < 100; number++) yield join(dirname(path), `.layerfuse-${short}.${number}.backup`);
}

/** Where killed saves over a file have left what was there. */
export function backupsOf(path: string): string[] {
  return [...backupNames(path)].filter(exists);
}

/**
 * Writes a staged file's bytes over a file. What was there is kept under another name until that is done: a failure puts it
 * back, and after a kill `open` says where it is.
 */
async function overwrite({ path }: Target, existing: ExistingFile, staged: StagedFile): Promise<void> {
  const fd = openSync(path, "r+");
  try {
    using old = StagedFile.create(dirname(path), existing);
    await old.write(chunksOf(fd));
    await old.flush();
    old.takeAfter(existing);
    const { uid } = lstatSync(staged.path), left = backupsOf(path);
    // a killed save of ours left one: what is in place may be half of something. Another user's may be anything
    const isWhole = left.some((backup) => lstatSync(backup).uid === uid);
    const backup = isWhole ? undefined : keep(old, path);
    try {
      replaceBytes(fd, staged.chunks());
    } catch (error) {
      replaceBytes(fd, old.chunks());
      if (backup !== undefined) rmSync(backup, { force: true });
      throw error;
    }
    if (backup !== undefined) left.push(backup);
    left.forEach(removeIfAllowed);
  } finally {
    closeSync(fd);
  }
}

/** Gives a copy of what is at a path a name by which it is found after a kill. */
function keep(old: StagedFile, path: string): string {
  for (const backup of backupNames(path)) {
    const linked = exists(backup) ? "exists" : old.linkTo(backup);
    if (linked === "unsupported") old.moveTo(backup);
    if (linked !== "exists") return backup;
  }
  throw new FileError(path, "no name for a copy of what is there is free: remove the .layerfuse-….backup files.");
}

function replaceBytes(fd: number, chunks: Iterable<Uint8Array>): void {
  let at = 0;
  for (const chunk of chunks) {
    for (let done = 0; done < chunk.length;) done += writeSync(fd, chunk, done, chunk.length - done, at + done);
    at += chunk.length;
  }
  ftruncateSync(fd, at);
  fsyncSync(fd);
}
