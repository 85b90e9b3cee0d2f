/** Strings whole, and the punctuation that tells keys from values. */
const TOKENS = /"(?:[^"\\]|\\.)*"\s*:?|[{}]/g;

/** A key that stands twice in one object of valid JSON, of which `JSON.parse` takes the last; undefined where there is none. */
export function repeatedKey(json: string): string | undefined {
  const objects: Set<string>[] = [];
  for (const [token] of json.matchAll(TOKENS)) {
    if (token === "{") objects.push(new Set());
    else if (token === "}") objects.pop();
    else if (token.endsWith(":")) {
      const key = JSON.parse(token.slice(0, -1)), known = objects.at(-1)!;
      if (known.has(key)) return key;
      known.add(key);
    }
  }
}
