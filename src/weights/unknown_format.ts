import { MOST_HEADER } from "./safetensors.ts";

/** How files begin that people take for weights, and what they are. */
const KNOWN: readonly (readonly [start: string, what: string])[] = [
  ["version https://git-lfs", "a pointer of Git LFS in place of the file: fetch it with git lfs pull"],
  ["<", "a page of HTML or XML: a download that went wrong"],
  ["\x1f\x8b", "compressed with gzip: unpack it"],
  ["\x89HDF", "HDF5, as Keras saves weights"],
  ["GGUF", "GGUF, as llama.cpp reads weights"],
  ["\x80", "a pickle that torch.save did not write: save it with torch.save(model.state_dict(), FILE)"],
];
/** Where a tar archive says that it is one. */
const TAR = { at: 257, magic: "ustar" };

/** What a file is that no reader of state dicts knows, by how it begins (its first 512 bytes) and its size. */
export function unknownFormat(start: Uint8Array, size: number): string {
  const text = String.fromCharCode(...start), hex = start.subarray(0, 16).toHex();
  if (size === 0) return "is empty";
  if (text.startsWith(TAR.magic, TAR.at)) {
    return "is a tar archive, as torch.save wrote before PyTorch 0.2: load and save it with a PyTorch that reads it";
  }
  const known = KNOWN.find(([magic]) => text.startsWith(magic));
  if (known) return `is ${known[1]}`;
  if (text[8] === "{") {
    const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
    return `begins as safetensors, with a header of ${length} bytes; ` + (
      length + 8n > BigInt(size)
        ? `the file has ${size}. It is truncated or damaged`
        : `at most ${MOST_HEADER} are read`
    );
  }
  return `begins with the bytes ${hex}`;
}
