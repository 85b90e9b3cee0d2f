/** The names of all options of a function, so that the compiler holds the list complete. */
export type OptionNames<T> = Readonly<Record<keyof Required<T>, true>>;

/** An option that a function does not have. The message has the nearest name that it has. */
export class OptionError extends TypeError {
  /** The error's name, `OptionError`. */
  override readonly name = "OptionError";
}

/**
 * The options as they are, where a function has all of them: nobody checks types in a notebook, and an option that is spelt
 * wrong would be left out without a word.
 *
 * Throws an {@linkcode OptionError} for one that it does not have, and for options that are no object.
 */
export function checked<T extends object>(what: string, options: T, names: OptionNames<T>): T {
  if (options === null || typeof options !== "object" || Array.isArray(options)) {
    throw new OptionError(
      `${what}(): the options are ${JSON.stringify(options)}, expected an object of ${list(names)}`,
    );
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(names, name)) continue;
    const near = nearest(name, Object.keys(names));
    throw new OptionError(
      `${what}(): there is no option '${name}'${near ? `; did you mean '${near}'?` : "."} Its options are ${
        list(names)
      }.`,
    );
  }
  return options;
}

/** Those of the options that another function has. */
export function optionsOf<T extends object>(options: object, names: OptionNames<T>): T {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(names, name))) as T;
}

function list(names: object): string {
  return Object.keys(names).join(", ");
}

/** The name with the fewest changed letters, where those are few. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const [best] = names.map((other) => ({ other, away: distance(name.toLowerCase(), other.toLowerCase()) }))
    .sort((a, b) => a.away - b.away);
  return best && best.away <= Math.max(2, name.length / 3) ? best.other : undefined;
}

/** Levenshtein's: letters to put in, take out or change. The browser's build has no room for a package. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      next.push(Math.min(next[j] + 1, row[j + 1] + 1, row[j] + (letter === to[j] ? 0 : 1)));
    }
    row = next;
  }
  return row[to.length];
}
