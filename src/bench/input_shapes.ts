/**
 * Shapes of a model's inputs: what is given, what is likely, and what else to try.
 *
 * @module
 */
import { describeInput } from "./describe_input.ts";
import { checkNames, shapeOfValues } from "./given_values.ts";
import type { InputOptions } from "./input_options.ts";
import {
  lengthAt,
  type Lengths,
  lengthsOf,
  likelyLength,
  type OpenDimension,
  openDimensions,
} from "./open_dimensions.ts";
import { otherLengths } from "./other_lengths.ts";
import type { InputDescription } from "./session.ts";

/** Gives every dynamic dimension a length. Exported for messages that have to say what was guessed. */
export function resolveShapes(
  inputs: readonly InputDescription[],
  options: InputOptions = {},
): Record<string, number[]> {
  const { given, likely } = lengthsFor(inputs, options);
  return shapesAt(inputs, given, likely);
}

/**
 * Other shapes to try where those of {@link resolveShapes} do not run, likelier first; only what nobody gave differs.
 *
 * @throws {Error} As {@link resolveShapes} does.
 */
export function* otherShapes(
  inputs: readonly InputDescription[],
  options: InputOptions = {},
  named: readonly number[] = [],
): Generator<Record<string, number[]>> {
  const { given, likely, free } = lengthsFor(inputs, options);
  for (const lengths of otherLengths(free, likely, named)) yield shapesAt(inputs, given, lengths);
}

/**
 * The same shapes with open lengths longer (one more where one is short, 32 where it may be an image's side): all of them, then
 * batches alone. Nothing where no length is open.
 */
export function longerShapes(inputs: readonly InputDescription[], options: InputOptions): Record<string, number[]>[] {
  const { likely } = lengthsFor(inputs, options);
  const kinds = new Map(openDimensions(inputs).map(({ key, kind }) => [key, kind]));
  const longer = (isGrown: (key: string) => boolean) =>
    new Map([...likely].map(([key, length]) => [key, length + (isGrown(key) ? length < 32 ? 1 : 32 : 0)]));
  const isBatch = (key: string) => kinds.get(key) === "batch";
  const some = [...kinds.keys()].some(isBatch) && ![...kinds.keys()].every(isBatch);
  return kinds.size === 0
    ? []
    : [() => true, ...some ? [isBatch] : []].map((isGrown) => shapesAt(inputs, {}, longer(isGrown)));
}

function shapesAt(
  inputs: readonly InputDescription[],
  given: Readonly<Record<string, readonly number[]>>,
  lengths: Lengths,
): Record<string, number[]> {
  return Object.fromEntries(inputs.map((input) => [
    input.name,
    input.name in given ? [...given[input.name]] : input.dims.map((_, axis) => lengthAt(input, axis, lengths)),
  ]));
}

/** Shapes that are given, the likely length of every open dimension, and which of those nobody gave. */
function lengthsFor(inputs: readonly InputDescription[], options: InputOptions): {
  given: Record<string, readonly number[]>;
  likely: Lengths;
  free: OpenDimension[];
} {
  const { shape, shapes = {}, values = {}, size } = options;
  checkNames("shape of input", shapes, inputs);
  checkNames("value of input", values, inputs);
  if (shape && inputs.length !== 1) {
    throw new Error(
      `shape ${format(shape)}: the model has ${inputs.length} inputs (${
        inputs.map(({ name }) => name).join(", ")
      }); give shapes by name`,
    );
  }
  const given: Record<string, readonly number[]> = {}, fixed = new Map<string, number>();
  for (const input of inputs) {
    const { name } = input;
    const dims = shapes[name] ?? shape ?? (name in values ? shapeOfValues(input, values[name]) : undefined);
    if (!dims) continue;
    checkShape(input, dims);
    given[name] = dims;
    for (const [key, length] of lengthsOf(input, dims)) if (!fixed.has(key)) fixed.set(key, length);
  }
  const dimensions = openDimensions(inputs),
    isSide = ({ kind }: OpenDimension) => kind === "height" || kind === "width";
  return {
    given,
    likely: new Map(dimensions.map((dim) => [dim.key, fixed.get(dim.key) ?? likelyLength(dim, size ?? 224)])),
    free: dimensions.filter((dim) => !fixed.has(dim.key) && !(size !== undefined && isSide(dim))),
  };
}

function checkShape(input: InputDescription, given: readonly number[]): void {
  const fits = given.length === input.dims.length && given.every((length, axis) => {
    const declared = input.dims[axis];
    return Number.isInteger(length) && length >= 0 && (typeof declared === "string" || declared === length);
  });
  if (!fits) throw new Error(`shape ${format(given)} does not fit input ${describeInput(input)}`);
}

function format(shape: readonly number[]): string {
  return shape.join("x");
}
