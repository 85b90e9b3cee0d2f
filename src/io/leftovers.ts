import { lstatSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { tryLock } from "../host/deno.ts";
import { STAGED_NAME, StagedFile } from "./staged_file.ts";

/** A name that a save takes or frees: what is under it if the save is killed half way, told by inode, size and time. */
interface JournalEntry {
  readonly name: string;
  readonly state: string;
}

/** Marks a journal among the files that are being written. */
const JOURNAL = "layerfuse journal";
const MOST_JOURNAL_BYTES = 1 << 16;
/** How old a file must be to be left by a killed process, where there are no locks that would tell. */
const LEFT_MS = 24 * 3600 * 1000;

/**
 * Writes down, before a save takes names beside its model's, which files will be nothing's if it is killed half way: each
 * name with the file that is or will be under it.
 */
export async function writeJournal(
  folder: string,
  files: readonly [name: string, path: string][],
): Promise<StagedFile> {
  const entries = files.map(([name, path]): JournalEntry => ({ name, state: stateOf(path) ?? "" }));
  const journal = StagedFile.create(folder);
  journal.writeNow(new TextEncoder().encode(JSON.stringify({ kind: JOURNAL, entries })));
  await journal.flush();
  return journal;
}

function stateOf(path: string): string | undefined {
  const info = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return info && [info.dev, info.ino, info.size, info.mtimeNs].join(" ");
}

/**
 * Removes from a folder what processes that were killed while they saved have left: files under the names of
 * {@link STAGED_NAME} that no process holds, and the files their journals name that `isUsed` denies. What another user owns
 * and what cannot be removed stays.
 */
export function removeLeftovers(folder: string, isUsed: (name: string) => boolean): void {
  let names: string[];
  try {
    // what is no file is none of ours: to open a FIFO would wait
    names = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && STAGED_NAME.test(entry.name)).map(({ name }) => name);
  } catch {
    return; // a folder may be written and not listed
  }
  for (const name of names) {
    try {
      removeLeftover(folder, join(folder, name), isUsed);
    } catch {
      // another user's, or gone by now
    }
  }
}

function removeLeftover(folder: string, path: string, isUsed: (name: string) => boolean): void {
  const lock = tryLock(path);
  if (lock === "held") return; // it is being written
  if (lock === "unsupported" && Date.now() - lstatSync(path).mtimeMs < LEFT_MS) return; // it may be
  try {
    for (const { name, state } of entriesOf(path)) {
      const other = join(folder, name);
      if (stateOf(other) === state && isOfOneOwner(path, other) && !isUsed(name)) rmSync(other);
    }
    rmSync(path);
  } finally {
    if (lock !== "unsupported") lock.close();
  }
}

/** Anybody may write a journal into a shared folder: it speaks of its owner's files only. */
function isOfOneOwner(journal: string, other: string): boolean {
  return lstatSync(journal).uid === lstatSync(other).uid;
}

function entriesOf(path: string): JournalEntry[] {
  if (lstatSync(path).size > MOST_JOURNAL_BYTES) return [];
  try {
    const { kind, entries } = JSON.parse(readFileSync(path, "utf8"));
    return kind === JOURNAL ? entries : [];
  } catch {
    return []; // the begin of a model
  }
}
