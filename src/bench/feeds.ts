/**
 * What the two models are fed: made-up inputs or the user's own, tried on the first model before anything is timed.
 *
 * @module
 */
import { describeInput } from "./describe_input.ts";
import { checkNames } from "./given_values.ts";
import { resolveShapes } from "./input_shapes.ts";
import { type Distribution, DISTRIBUTIONS, type InputOptions } from "./input_options.ts";
import { randomInputs } from "./inputs.ts";
import { openDimensions } from "./open_dimensions.ts";
import type { InputDescription, NamedTensors, Session } from "./session.ts";
import type { OptionNames } from "../host/options.ts";

/** One set of inputs, named. */
export interface FeedSet {
  /** The distribution, or the user's name for it. */
  name: string;
  /** A tensor for every input, or for some: the others are made up. */
  feeds: NamedTensors;
}

/** Where inputs come from. */
export interface FeedOptions extends Omit<InputOptions, "distribution"> {
  /**
   * The user's own inputs: one set, or several; the first is timed, all are used for the error. Inputs that a set leaves out are
   * made up, with lengths that agree.
   */
  inputs?: NamedTensors | readonly FeedSet[];
  /** Distributions of made-up inputs; the first is timed, all are used for the error. Default: all of them. */
  distributions?: readonly Distribution[];
}

/** Every {@link FeedOptions}. */
export const FEED_OPTIONS: OptionNames<FeedOptions> = {
  seed: true,
  shape: true,
  shapes: true,
  values: true,
  size: true,
  inputs: true,
  distributions: true,
};

/** The part of the options that says what to feed, without what cannot be written down. */
export function feedOptions({ inputs, distributions, seed, shape, shapes, values, size }: FeedOptions): FeedOptions {
  return { inputs, distributions, seed, shape, shapes, values, size };
}

/** Input sets for a model, at least one. @throws {Error} If one names an input that is none, or shapes do not fit. */
export function feedSets(inputs: readonly InputDescription[], options: FeedOptions): FeedSet[] {
  const { inputs: own, distributions = DISTRIBUTIONS, ...rest } = options;
  if (own) {
    const sets: readonly FeedSet[] = Array.isArray(own) ? own : [{ name: "inputs", feeds: own as NamedTensors }];
    if (sets.length === 0) throw new Error("inputs: expected at least one set of tensors, found none");
    return sets.map(({ name, feeds }) => ({ name, feeds: completed(inputs, name, feeds, rest) }));
  }
  const random = inputs.some((input) => input.type.startsWith("float")) ? distributions : distributions.slice(0, 1);
  if (random.length === 0) throw new Error(`distributions: expected at least one of ${DISTRIBUTIONS.join(", ")}`);
  return random.map((distribution) => ({ name: distribution, feeds: randomInputs(inputs, { ...rest, distribution }) }));
}

/** The options with the shapes of the first of the user's own tensors, which other inputs have to agree with. */
export function withGivenShapes<T extends FeedOptions>(options: T): T {
  const { inputs: own, shapes } = options;
  if (!own) return options;
  const [first] = Array.isArray(own) ? own as readonly FeedSet[] : [{ feeds: own as NamedTensors }];
  return { ...options, shapes: { ...dimsOf(first?.feeds ?? {}), ...shapes } };
}

function dimsOf(feeds: NamedTensors): Record<string, readonly number[]> {
  return Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, dims]));
}

/** A set with everything that the user left out. */
function completed(
  inputs: readonly InputDescription[],
  set: string,
  feeds: NamedTensors,
  options: InputOptions,
): NamedTensors {
  checkNames(`${set}: tensor for input`, feeds, inputs);
  const missing = inputs.filter(({ name }) => !(name in feeds));
  if (missing.length === 0) return Object.fromEntries(inputs.map(({ name }) => [name, feeds[name]]));
  const shapes = resolveShapes(inputs, { ...options, shapes: { ...options.shapes, ...dimsOf(feeds) } });
  const { values = {}, seed, distribution } = options;
  const made = randomInputs(missing, {
    seed,
    distribution,
    shapes: Object.fromEntries(missing.map(({ name }) => [name, shapes[name]])),
    values: Object.fromEntries(missing.flatMap(({ name }) => name in values ? [[name, values[name]]] : [])),
  });
  return Object.fromEntries(inputs.map(({ name }) => [name, feeds[name] ?? made[name]]));
}

/** A model does not run with what it is fed. */
export class DoesNotRun extends Error {}

/**
 * Runs a model once, and where it fails says which dimensions were guessed and how to give them.
 *
 * @param tried How many other shapes have been tried without success.
 * @throws {DoesNotRun} With the runtime's reason and the inputs fed.
 */
export async function firstRun(
  session: Session,
  feeds: NamedTensors,
  model: string,
  tried?: number,
): Promise<NamedTensors> {
  try {
    return await session.run(feeds);
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).trim();
    const fed = session.inputs.map((input) =>
      `${describeInput(input)} as ${feeds[input.name]?.dims.join("x") || "a scalar"}`
    );
    throw new DoesNotRun(`${model} does not run: ${reason}\nFed: ${fed.join(", ")}.${advice(session.inputs, tried)}`);
  }
}

/** What the user can give so that the model runs; nothing that has failed. */
function advice(inputs: readonly InputDescription[], tried?: number): string {
  const dynamic = inputs.find(({ dims }) => dims.some((dim) => typeof dim === "string"));
  const small = inputs.find(({ type, dims }) => dims.length === 0 || !type.startsWith("float"));
  const shape = dynamic &&
    `--shape ${dynamic.name}=${
      dynamic.dims.map((dim, axis) => typeof dim === "number" ? dim : dim || kindOf(dynamic, axis)).join("x")
    } with numbers for the names (option shapes)`;
  const value = small && `--input ${small.name}=VALUE (option values)`;
  const ways = [shape, value, "--inputs FOLDER with files (option inputs)"].filter(Boolean).join(", ");
  return (tried ? ` ${tried} other shapes do not run either.` : "") + ` Give what it takes: ${ways}.`;
}

function kindOf(input: InputDescription, axis: number): string {
  return openDimensions([{ ...input, dims: [...input.dims.keys()].map((at) => at === axis ? input.dims[at] : 1) }])[0]
    .kind.toUpperCase();
}

/** The second model's inputs: the same by name, or by position where the names differ. */
export function feedsFor(session: Session, feeds: NamedTensors, model: string): NamedTensors {
  const names = session.inputs.map((input) => input.name);
  if (names.every((name) => name in feeds)) return Object.fromEntries(names.map((name) => [name, feeds[name]]));
  const tensors = Object.values(feeds);
  if (tensors.length === names.length && session.inputs.every((input, i) => input.type === tensors[i].type)) {
    return Object.fromEntries(names.map((name, i) => [name, tensors[i]]));
  }
  const wanted = session.inputs.map(describeInput).join(", ");
  throw new Error(
    `${model}: its inputs (${wanted}) are not those of the first model (${Object.keys(feeds).join(", ")})`,
  );
}
