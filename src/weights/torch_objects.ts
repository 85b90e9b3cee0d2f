import type { NumericType } from "../tensor/element_type.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { WeightsFormatError } from "./errors.ts";
import { PickleGlobal, type PickleValue, type PickleWorld } from "./pickle.ts";
import { ELEMENT_TYPES, Storage, STORAGE_TYPES, storageView } from "./storage.ts";

/** A tensor in a pickle, told apart from every other object. */
export class PickledTensor {
  readonly tensor: Tensor;

  /** Wraps a tensor. */
  constructor(tensor: Tensor) {
    this.tensor = tensor;
  }
}

/** Most axes of a tensor in PyTorch. */
const MOST_AXES = 64;
/** Most tensors and storages that a pickle makes, and most entries of all dicts that it makes of a list of pairs. */
const MOST_OBJECTS = 1_000_000, MOST_PAIRS = 1_000_000;

/**
 * The few classes that the pickle of a state dict names: OrderedDict, tensors, parameters, storages and element types.
 *
 * @param storage What gives the storage of an element type, key and number of elements.
 */
export function torchWorld(
  source: string,
  storage: (type: NumericType, key: string, size: number, view: PickleValue) => Storage,
): PickleWorld {
  const damaged = (what: string) =>
    new WeightsFormatError(`${source}: its pickle has ${what}. The file is damaged, or no state dict.`);
  let pairs = 0, objects = 0;
  const counted = () => {
    if (++objects > MOST_OBJECTS) throw damaged(`more than ${MOST_OBJECTS} tensors and storages`);
  };
  const numbers = (value: PickleValue): number[] => {
    if (Array.isArray(value) && value.length > MOST_AXES) throw damaged(`a tensor of ${value.length} axes`);
    if (Array.isArray(value) && value.every((entry) => typeof entry === "number")) return value as number[];
    throw damaged("a tensor whose shape or strides are no numbers");
  };
  const tensor = (args: readonly PickleValue[], type?: NumericType): PickledTensor => {
    counted();
    const [held, first, dims, strides] = args;
    if (!(held instanceof Storage) || typeof first !== "number") throw damaged("a tensor without a storage");
    return new PickledTensor(storageView(held, first, numbers(dims), numbers(strides), type));
  };
  /** What PyTorch notes of a view whose values are not those of its storage: with `neg` they are negated. */
  const plain = (metadata: PickleValue = null) => {
    if (metadata === null || metadata instanceof Map && metadata.size === 0) return;
    const [first] = metadata instanceof Map ? metadata.keys() : [],
      noted = typeof first === "string" ? first.slice(0, 100) : "";
    throw new WeightsFormatError(
      `${source}: its pickle has a tensor whose values are not those stored (metadata ${JSON.stringify(noted)}). ` +
        "Save it with .resolve_neg().",
    );
  };
  const inner = ([value]: readonly PickleValue[]): PickleValue => {
    if (value instanceof PickledTensor) return value;
    throw damaged("a parameter that is no tensor");
  };
  const classes: Record<string, (args: readonly PickleValue[]) => PickleValue> = {
    "collections.OrderedDict": ([items]) => {
      if (items === undefined) return new Map();
      // one list may be named again and again: its entries are counted each time
      if (Array.isArray(items) && (pairs += items.length) > MOST_PAIRS) throw damaged(`more than ${MOST_PAIRS} pairs`);
      if (!Array.isArray(items) || !items.every((item) => Array.isArray(item) && item.length === 2)) {
        throw damaged("an OrderedDict that is not made of pairs");
      }
      return new Map(items as [PickleValue, PickleValue][]);
    },
    "torch.Size": ([dims]) => numbers(dims),
    "torch.device": () => null,
    "torch._utils._rebuild_tensor": (args) => tensor(args),
    "torch._utils._rebuild_tensor_v2": (args) => {
      plain(args[6]);
      return tensor(args);
    },
    "torch._utils._rebuild_tensor_v3": (args) => {
      const type = args[6] instanceof PickleGlobal ? ELEMENT_TYPES[args[6].name.replace(/^torch\./, "")] : undefined;
      if (!type) throw damaged("a tensor without an element type");
      plain(args[7]);
      return tensor(args, type);
    },
    "torch._utils._rebuild_parameter": inner,
    "torch._utils._rebuild_parameter_with_state": inner,
  };
  return {
    global(name) {
      if (Object.hasOwn(classes, name)) return new PickleGlobal(name, classes[name]);
      const [, short = ""] = /^torch\.(.*)$/.exec(name) ?? [];
      return Object.hasOwn(STORAGE_TYPES, short) || Object.hasOwn(ELEMENT_TYPES, short)
        ? new PickleGlobal(name)
        : undefined;
    },
    persistent(id) {
      counted();
      if (!Array.isArray(id) || id[0] !== "storage" || !(id[1] instanceof PickleGlobal)) {
        throw damaged("a persistent id that is no storage");
      }
      const [, { name }, key, , size, view = null] = id as [string, PickleGlobal, ...PickleValue[]];
      const type = STORAGE_TYPES[name.replace(/^torch\./, "")];
      if (!type || typeof key !== "string" || typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
        throw damaged(`a storage of class '${name}'`);
      }
      return storage(type, key, size, view);
    },
  };
}
