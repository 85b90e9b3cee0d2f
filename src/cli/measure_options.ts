import type { CompareOptions, Level } from "../bench/mod.ts";
import { type Arguments, list, number, type Option, text, UsageError, whole } from "./command.ts";

/** Options that say how to measure, shared by `compare` and `reproduce`. */
export const MEASURE_OPTIONS: Record<string, Option> = {
  levels: { type: "string", help: "A,B optimization levels: disabled, basic, extended, all; default disabled,all" },
  provider: { type: "string", help: "NAME auto (default), cpu, cuda, tensorrt, webgpu, coreml or dml" },
  seconds: { type: "string", help: "S time to spend on timing" },
  size: { type: "string", help: "N height and width where an image's are dynamic" },
  shape: {
    type: "string",
    multiple: true,
    help: "NAME=1x3x224x224 shape of an input (of the only one: without NAME=)",
  },
  seed: { type: "string", help: "N seed of inputs, order of rounds and intervals" },
  threads: { type: "string", help: "N threads of each session; default the physical cores" },
};

/** Reads {@link MEASURE_OPTIONS}. */
export function measureOptions(args: Arguments): CompareOptions {
  return {
    levels: list(args, "levels") as Level[] | undefined ?? undefined,
    provider: text(args, "provider"),
    seconds: number(args, "seconds"),
    threads: whole(args, "threads", 1),
    ...inputOptions(args),
  };
}

/** Reads the options that say what to feed. */
export function inputOptions(args: Arguments): Pick<CompareOptions, "size" | "seed" | "shape" | "shapes"> {
  return {
    size: whole(args, "size", 1),
    seed: whole(args, "seed"),
    ...shapes((args.values.shape ?? []) as string[]),
  };
}

function shapes(given: readonly string[]): { shape?: number[]; shapes?: Record<string, number[]> } {
  const parsed = given.map((entry) => {
    const [, name, dims] = /^(?:(.+)=)?(\d+(?:[x,]\d+)*)$/.exec(entry) ?? [];
    if (!dims) throw new UsageError(`--shape ${entry}: expected NAME=1x3x224x224`);
    return { name, dims: dims.split(/[x,]/).map(Number) };
  });
  const named = parsed.filter(({ name }) => name !== undefined);
  return {
    shape: parsed.find(({ name }) => name === undefined)?.dims,
    ...named.length > 0 ? { shapes: Object.fromEntries(named.map(({ name, dims }) => [name, dims])) } : {},
  };
}
