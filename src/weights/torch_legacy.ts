import type { ByteSource } from "../io/source.ts";
import { formatOf } from "../tensor/element_type.ts";
import { ByteReader } from "./byte_reader.ts";
import { WeightsFormatError } from "./errors.ts";
import { type PickleValue, readPickle } from "./pickle.ts";
import { Storage } from "./storage.ts";
import { torchWorld } from "./torch_objects.ts";

/** The first pickle of a file that torch.save wrote before PyTorch 1.6, as its bytes begin. */
export const LEGACY_MAGIC: readonly number[] = [
  0x80,
  2,
  0x8a,
  10,
  0x6c,
  0xfc,
  0x9c,
  0x46,
  0xf9,
  0x20,
  0x6a,
  0xa8,
  0x50,
  0x19,
];
const PROTOCOL = 1001;

/** A storage that another is part of: from which element on. */
interface Part {
  readonly storage: Storage;
  readonly root: string;
  readonly first: number;
}

/**
 * Reads what torch.save wrote before PyTorch 1.6, as many of torchvision's weights still are: five pickles (a magic number, the
 * protocol, the machine, the state dict, the keys of its storages) and then the storages, each after its number of elements.
 *
 * @throws {WeightsFormatError} If it is no such file.
 */
export function readTorchLegacy(source: ByteSource): PickleValue {
  const reader = new ByteReader(source), parts: Part[] = [], roots = new Map<string, Storage>();
  const refuse = (found: string) => {
    throw new WeightsFormatError(`${source.name}: ${found}. The file is damaged, or not from torch.save.`);
  };
  const world = torchWorld(source.name, (type, key, size, view) => {
    const root = roots.get(key) ?? new Storage(source, key, type, size);
    if (root.type !== type || root.size !== size) refuse(`storage '${key}' is described in two ways`);
    roots.set(key, root);
    if (view === null) return root;
    const [, first, count] = Array.isArray(view) ? view : [];
    if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || Number(first) < 0 || Number(count) < 0) {
      refuse(`storage '${key}' has a part that is no range`);
    }
    if (Number(first) + Number(count) > size) refuse(`storage '${key}' has a part beyond its end`);
    const storage = new Storage(source, key, type, Number(count));
    parts.push({ storage, root: key, first: Number(first) });
    return storage;
  });
  const pickle = () => readPickle(reader, source.name, world);
  pickle(); // the magic number, by which the file was known
  const protocol = pickle(), machine = pickle();
  if (protocol !== PROTOCOL) {
    refuse(`protocol version ${typeof protocol === "number" ? protocol : "that is no number"}; expected ${PROTOCOL}`);
  }
  if (machine instanceof Map && machine.get("little_endian") === false) refuse("its tensors are big-endian");
  const content = pickle(), keys = pickle();
  if (!Array.isArray(keys)) return refuse("no list of storages after its state dict");
  for (const key of keys) {
    const root = typeof key === "string" ? roots.get(key) : undefined;
    if (!root) {
      return refuse(`a storage ${typeof key === "string" ? `'${key}'` : "without a name"} that no tensor uses`);
    }
    const count = reader.uint64(), bytes = root.size * formatOf(root.type).bytes;
    if (count !== BigInt(root.size)) refuse(`storage '${key}' has ${count} elements, its state dict says ${root.size}`);
    root.offset = reader.position;
    if (root.offset + bytes > source.size) refuse(`storage '${key}' of ${bytes} bytes ends after the file`);
    reader.position += bytes;
  }
  for (const [key, { offset }] of roots) if (offset === undefined) refuse(`storage '${key}' is missing`);
  for (const { storage, root, first } of parts) {
    storage.offset = roots.get(root)!.offset! + first * formatOf(storage.type).bytes;
  }
  return content;
}
