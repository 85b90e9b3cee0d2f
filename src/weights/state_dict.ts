import type { ByteSource } from "../io/source.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { WeightsFormatError } from "./errors.ts";
import type { PickleDict, PickleValue } from "./pickle.ts";
import { looksLikeSafetensors, readSafetensors } from "./safetensors.ts";
import { LEGACY_MAGIC, readTorchLegacy } from "./torch_legacy.ts";
import { PickledTensor } from "./torch_objects.ts";
import { readTorchZip } from "./torch_zip.ts";
import { unknownFormat } from "./unknown_format.ts";

/** Tensors by name, in the order of the file. They stay in it: each is read when it is asked for. */
export interface StateDict {
  /** The file. */
  readonly name: string;
  /** Its tensors, without the prefixes that wrappers of a model put before all names. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** Where training scripts put the state dict of the model in what they save. */
const NESTED = ["state_dict", "model_state_dict", "model", "module", "params", "net"];
/** Prefixes of DataParallel and of torch.compile. */
const WRAPPERS = ["module.", "_orig_mod."];
/** More of them than anybody wraps a model in. */
const MOST_WRAPPERS = 8;

/**
 * Reads a state dict: safetensors, or a .pth/.pt/.bin of torch.save (zip archive, or the older form), as it is or in
 * `{"state_dict": …}`. No tensor is read yet. The pickle is not executed; it may name nothing but tensors and containers.
 *
 * @throws {WeightsFormatError} If it is none of them, is damaged, or names another class.
 */
export async function readStateDict(source: ByteSource): Promise<StateDict> {
  const start = new Uint8Array(Math.min(512, source.size));
  source.read(0, start);
  const starts = (magic: readonly number[]) => magic.every((byte, at) => start[at] === byte);
  const tensors = starts([0x50, 0x4b, 3, 4])
    ? tensorsOf(source.name, await readTorchZip(source))
    : starts(LEGACY_MAGIC)
    ? tensorsOf(source.name, readTorchLegacy(source))
    : looksLikeSafetensors(start, source.size)
    ? readSafetensors(source)
    : undefined;
  if (!tensors) {
    throw new WeightsFormatError(
      `${source.name}: ${
        unknownFormat(start, source.size)
      }; expected a safetensors file, or a .pth file of torch.save.`,
    );
  }
  if (tensors.size === 0) throw new WeightsFormatError(`${source.name}: a state dict without a tensor.`);
  return { name: source.name, tensors: unwrapped(tensors) };
}

function tensorsOf(source: string, content: PickleValue): Map<string, Tensor> {
  if (content instanceof Map) {
    const direct = entriesOf(content),
      inner = NESTED.map((key) => content.get(key)).filter((value) => value instanceof Map);
    const nested = inner.map(entriesOf).find(({ size }) => size > direct.size); // a step counter may be a tensor, too
    if (nested || direct.size > 0) return nested ?? direct;
  }
  const found = content instanceof Map
    ? `a dict with the keys ${shownKeys(content)}`
    : Array.isArray(content)
    ? "a list"
    : content instanceof PickledTensor
    ? "a tensor"
    : "no dict";
  throw new WeightsFormatError(
    `${source}: it holds ${found}; expected a dict of tensors, or one in ${
      NESTED.map((key) => `'${key}'`).join(", ")
    }.`,
  );
}

/** The first keys that are texts or numbers, shortened. */
function shownKeys(dict: PickleDict): string {
  const keys = [...dict.keys()].slice(0, 20).map((key) => typeof key === "object" ? "…" : String(key).slice(0, 100));
  return keys.join(", ") || "none";
}

/** The tensors of a dict; what else training scripts save beside them (an epoch, say) is no weight. */
function entriesOf(dict: PickleDict): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [key, value] of dict) {
    if (typeof key === "string" && value instanceof PickledTensor) tensors.set(key, value.tensor);
  }
  return tensors;
}

function unwrapped(tensors: Map<string, Tensor>): Map<string, Tensor> {
  const names = [...tensors.keys()], [first] = names;
  let start = 0; // where a name without its wrappers' prefixes begins
  for (let layers = 0; layers < MOST_WRAPPERS; layers++) {
    const prefix = WRAPPERS.find((prefix) => first.startsWith(prefix, start));
    if (!prefix || !names.every((name) => name.startsWith(prefix, start))) break;
    start += prefix.length;
  }
  return start === 0 ? tensors : new Map([...tensors].map(([name, tensor]) => [name.slice(start), tensor]));
}
