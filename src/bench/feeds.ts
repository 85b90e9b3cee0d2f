/**
 * What the two models are fed: made-up inputs or the user's own, tried on the first model before anything is timed.
 *
 * @module
 */
import { describeInput, type Distribution, DISTRIBUTIONS, type InputOptions, randomInputs } from "./inputs.ts";
import type { InputDescription, NamedTensors, Session } from "./session.ts";

/** One set of inputs, named. */
export interface FeedSet {
  /** The distribution, or the user's name for it. */
  name: string;
  /** A tensor for every input. */
  feeds: NamedTensors;
}

/** Where inputs come from. */
export interface FeedOptions extends Omit<InputOptions, "distribution"> {
  /** The user's own inputs: one set, or several; the first is timed, all are used for the error. */
  inputs?: NamedTensors | readonly FeedSet[];
  /** Distributions of made-up inputs; the first is timed, all are used for the error. Default: all of them. */
  distributions?: readonly Distribution[];
}

/** Input sets for a model, at least one. @throws {Error} If the user's inputs lack one, or shapes do not fit. */
export function feedSets(inputs: readonly InputDescription[], options: FeedOptions): FeedSet[] {
  const { inputs: own, distributions = DISTRIBUTIONS, ...rest } = options;
  if (own) {
    const sets: readonly FeedSet[] = Array.isArray(own) ? own : [{ name: "inputs", feeds: own as NamedTensors }];
    if (sets.length === 0) throw new Error("inputs: expected at least one set of tensors, found none");
    return sets.map(({ name, feeds }) => ({ name, feeds: checkFeeds(inputs, name, feeds) }));
  }
  const random = inputs.some((input) => input.type.startsWith("float")) ? distributions : distributions.slice(0, 1);
  if (random.length === 0) throw new Error(`distributions: expected at least one of ${DISTRIBUTIONS.join(", ")}`);
  return random.map((distribution) => ({ name: distribution, feeds: randomInputs(inputs, { ...rest, distribution }) }));
}

function checkFeeds(inputs: readonly InputDescription[], set: string, feeds: NamedTensors): NamedTensors {
  return Object.fromEntries(inputs.map((input) => {
    const tensor = feeds[input.name];
    if (!tensor) {
      throw new Error(
        `${set}: no tensor for input ${describeInput(input)}; found ${Object.keys(feeds).join(", ") || "none"}`,
      );
    }
    return [input.name, tensor];
  }));
}

/**
 * Runs a model once, and where it fails says which dimensions were guessed and how to give them.
 *
 * @throws {Error} With the runtime's reason and the inputs fed.
 */
export async function firstRun(
  session: Session,
  feeds: NamedTensors,
  model: string,
  guessed: boolean,
): Promise<NamedTensors> {
  try {
    return await session.run(feeds);
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).trim();
    const fed = session.inputs.map((input) =>
      `${describeInput(input)} as ${feeds[input.name]?.dims.join("x") || "a scalar"}`
    );
    const dynamic = session.inputs.find((input) => input.dims.some((dim) => typeof dim === "string"));
    const advice = guessed && dynamic
      ? ` Dynamic dimensions were guessed; give them, e.g. --shape ${dynamic.name}=${
        feeds[dynamic.name].dims.join("x")
      }` +
        ` (option shapes).`
      : "";
    throw new Error(`${model} does not run: ${reason}\nFed: ${fed.join(", ")}.${advice}`);
  }
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
