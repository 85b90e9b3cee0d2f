import { type KnownFormat, knownFormat } from "../io/known_format.ts";
import { MOST_HEADER } from "./safetensors.ts";

/** What of it only somebody who has weights to give takes for them. */
const MORE: readonly KnownFormat[] = [
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
  const known = knownFormat(start, MORE);
  if (known) return `is ${known}`;
  if (text[8] === "{") {
    const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
    return `begins as safetensors, with a header of ${length} bytes; ` + (
      length + 8n > BigInt(size)
        ? `the file has ${size}. It is truncated or damaged`
        : `at most ${MOST_HEADER} are read`
    );
  }
  if (/^\{\s*"/.test(text)) {
    return "is JSON, as the index of weights in several files is: give one file that has all of them";
  }
  return `begins with the bytes ${hex}`;
}
