/**
 * Deep equality as `@std/assert` defines it: same value (`Object.is`, so `NaN` equals `NaN`, but `0` equals `-0`), or same
 * prototype and equal enumerable contents. Maps and Sets are compared without regard to order.
 */
export function equal(a: unknown, b: unknown): boolean {
  return compare(a, b, new Map());
}

function compare(a: unknown, b: unknown, seen: Map<unknown, unknown>): boolean {
  if (Object.is(a, b) || a === b) return true;
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (seen.get(a) === b) return true;
  seen.set(a, b);
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime());
  if (a instanceof RegExp) return String(a) === String(b);
  if (a instanceof URL) return a.href === (b as URL).href;
  if (a instanceof WeakMap || a instanceof WeakSet || a instanceof WeakRef || a instanceof Promise) return false;
  if (a instanceof ArrayBuffer) return sameItems(new Uint8Array(a), new Uint8Array(b as ArrayBuffer));
  if (a instanceof DataView) return sameItems(bytesOf(a), bytesOf(b as DataView));
  if (ArrayBuffer.isView(a)) return sameItems(a as unknown as ArrayLike<unknown>, b as unknown as ArrayLike<unknown>);
  if (a instanceof Set) return sameSet(a, b as Set<unknown>, seen);
  if (a instanceof Map) return sameMap(a, b as Map<unknown, unknown>, seen);
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return false;
  return sameProperties(a, b, seen);
}

const bytesOf = (view: DataView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

function sameItems(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!(a[i] === b[i] || Object.is(a[i], b[i]))) return false;
  return true;
}

function sameSet(a: Set<unknown>, b: Set<unknown>, seen: Map<unknown, unknown>): boolean {
  if (a.size !== b.size) return false;
  const left = new Set(b);
  return [...a].every((item) => {
    const twin = left.has(item) ? item : [...left].find((other) => compare(item, other, new Map(seen)));
    return left.delete(twin);
  });
}

function sameMap(a: Map<unknown, unknown>, b: Map<unknown, unknown>, seen: Map<unknown, unknown>): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(([key, value]) => {
    if (b.has(key)) return compare(value, b.get(key), seen);
    return [...b].some(([k, v]) => compare(key, k, new Map(seen)) && compare(value, v, new Map(seen)));
  });
}

function sameProperties(a: object, b: object, seen: Map<unknown, unknown>): boolean {
  const ownKeys = a instanceof Error ? Reflect.ownKeys : enumerableKeys;
  const keys = new Set([...ownKeys(a), ...ownKeys(b)]);
  for (const key of keys) {
    if (key === "stack" && a instanceof Error) continue;
    const inA = Reflect.get(a, key), inB = Reflect.get(b, key);
    if ((key in a) !== (key in b) || !compare(inA, inB, seen)) return false;
  }
  return true;
}

function enumerableKeys(value: object): PropertyKey[] {
  return Reflect.ownKeys(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key));
}
