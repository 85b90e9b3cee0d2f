/** How a file begins, and what it is. */
export type KnownFormat = readonly [start: string, what: string, at?: number];

/** What people take for a model or weights, whichever was wanted. */
const KNOWN: readonly KnownFormat[] = [
  ["version https://git-lfs", "a pointer of Git LFS in place of the file: fetch it with git lfs pull"],
  ["<", "a page of HTML or XML: a download that went wrong"],
  ["\x1f\x8b", "compressed with gzip: unpack it"],
  ["\x89HDF", "HDF5, as Keras saves models and weights"],
  ["GGUF", "GGUF, as llama.cpp reads weights"],
];

/** What a file is that is not what was wanted, by how it begins; undefined where that is not known. */
export function knownFormat(start: Uint8Array, more: readonly KnownFormat[]): string | undefined {
  const text = String.fromCharCode(...start);
  return [...KNOWN, ...more].find(([magic, , at = 0]) => text.startsWith(magic, at))?.[1];
}
