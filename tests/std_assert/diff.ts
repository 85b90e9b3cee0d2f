/** Value as text, one property a line, keys sorted: the form in which two values are compared line by line. */
export function format(value: unknown): string {
  return Deno.inspect(value, {
    depth: Infinity,
    sorted: true,
    trailingComma: true,
    compact: false,
    iterableLimit: Infinity,
    strAbbreviateSize: Infinity,
  });
}

/** Value on one line, for messages that name a single value. */
export function inline(value: unknown): string {
  return Deno.inspect(value, { depth: 4, compact: true, breakLength: Infinity, iterableLimit: 20 });
}

const CONTEXT = 3;
const LIMIT = 60;

/**
 * The lines in which two texts differ, as a diff: `-` only in actual, `+` only in expected, with a little context.
 * The common head and tail are cut off first; what lies between is aligned by its longest common subsequence.
 */
export function diff(actual: string, expected: string): string {
  const a = actual.split("\n"), b = expected.split("\n");
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const before = a.slice(Math.max(0, head - CONTEXT), head).map((line) => `    ${line}`);
  const after = a.slice(a.length - tail, a.length - tail + CONTEXT).map((line) => `    ${line}`);
  const middle = align(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  const cut = middle.length > LIMIT ? [...middle.slice(0, LIMIT), `    … ${middle.length - LIMIT} more lines`] : middle;
  return [...before, ...cut, ...after].join("\n");
}

function align(a: string[], b: string[]): string[] {
  const removed = a.map((line) => `-   ${line}`), added = b.map((line) => `+   ${line}`);
  if (a.length * b.length > 1_000_000) return [...removed, ...added];
  const common = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const lines: string[] = [];
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) lines.push(`    ${a[i++]}`), j++;
    else if (j >= b.length || (i < a.length && common[i + 1][j] >= common[i][j + 1])) lines.push(removed[i++]);
    else lines.push(added[j++]);
  }
  return lines;
}
