import type { Command } from "commander";
import type { CompareOptions, Level } from "../bench/mod.ts";
import { UsageError } from "./usage_error.ts";
import { collect, list, number, share, whole } from "./values.ts";

/** What {@link addInputOptions} parses. */
export interface InputChoice {
  /** Height and width where an image's are dynamic. */
  size?: number;
  /** Shapes of inputs, `NAME=1x3x224x224` or, of the only one, `1x3x224x224`. */
  shape?: string[];
  /** Values of inputs, `NAME=16000` or `NAME=1,2,3`. */
  input?: string[];
  /** Folder of files to feed. */
  inputs?: string;
  /** Samples a second that sounds are resampled to. */
  sampleRate?: number;
}

/** What {@link addMeasureOptions} parses. */
export interface MeasureChoice extends InputChoice {
  /** Optimization levels of the runtime. */
  levels?: string[];
  /** Execution provider. */
  provider?: string;
  /** Seconds to spend on timing. */
  seconds?: number;
  /** Half-width of the band called same, a share. */
  delta?: number;
  /** Seed of inputs, order of rounds and intervals. */
  seed?: number;
  /** Threads of each session. */
  threads?: number;
}

/** Adds the options that say what to feed. */
export function addInputOptions(command: Command): Command {
  return command
    .option("--size <N>", "height and width where an image's are dynamic", whole("--size", 1))
    .option("--shape <NAME=1x3x224x224>", "shape of an input (of the only one: without NAME=)", collect)
    .option("--input <NAME=VALUE>", "values of an input: one for all of it, or a list such as 1,2,3", collect)
    .option("--inputs <FOLDER>", "feed these .npy, .npz, .pb, .png, .jpg and .wav files; what is missing is made up")
    .option(
      "--sample-rate <HZ>",
      "resample .wav files to it; default what the model's input sr says",
      whole("--sample-rate", 1),
    );
}

/** Adds the options that say how to measure, shared by `compare` and `reproduce`. */
export function addMeasureOptions(command: Command): Command {
  command
    .option("--levels <A,B>", "optimization levels: disabled, basic, extended, all; default disabled,all", list)
    .option("--provider <NAME>", "auto (default), cpu, cuda, tensorrt, webgpu, coreml or dml")
    .option("--seconds <S>", "time to spend on timing", number("--seconds"))
    .option("--delta <1%>", "differences below this do not matter; default 1%", share("--delta"))
    .option("--seed <N>", "seed of inputs, order of rounds and intervals", whole("--seed"))
    .option("--threads <N>", "threads of each session; default the physical cores", whole("--threads", 1));
  return addInputOptions(command);
}

/** The library's options for what {@link addMeasureOptions} parsed. */
export function measureOptions(choice: MeasureChoice): CompareOptions {
  const { levels, provider, seconds, delta, threads, seed } = choice;
  return { levels: levels as Level[] | undefined, provider, seconds, delta, threads, seed, ...inputOptions(choice) };
}

/**
 * The library's options for what {@link addInputOptions} parsed, files aside ({@linkcode readInputFiles}). Throws a
 * {@link UsageError} for a shape that is none.
 */
export function inputOptions(
  { size, shape = [], input = [], inputs, sampleRate }: InputChoice,
): Pick<CompareOptions, "size" | "shape" | "shapes" | "values"> {
  if (sampleRate !== undefined && inputs === undefined) {
    throw new UsageError("--sample-rate: says how the .wav files of --inputs are resampled; give that, too");
  }
  const parsed = shape.map((entry) => {
    const [, name, dims] = /^(?:(.+)=)?(\d+(?:[x,]\d+)*)$/.exec(entry) ?? [];
    if (!dims) throw new UsageError(`--shape ${entry}: expected NAME=1x3x224x224`);
    return { name, dims: dims.split(/[x,]/).map(Number) };
  });
  const values = input.map((entry) => {
    const at = entry.lastIndexOf("=");
    if (at < 1) throw new UsageError(`--input ${entry}: expected NAME=VALUE, such as sr=16000 or scales=1,0.5`);
    const given = entry.slice(at + 1).split(",").map((part) => part.trim());
    return [entry.slice(0, at), given.length === 1 ? given[0] : given];
  });
  const named = parsed.filter(({ name }) => name !== undefined);
  return {
    size,
    shape: parsed.find(({ name }) => name === undefined)?.dims,
    ...values.length > 0 ? { values: Object.fromEntries(values) } : {},
    ...named.length > 0 ? { shapes: Object.fromEntries(named.map(({ name, dims }) => [name, dims])) } : {},
  };
}
