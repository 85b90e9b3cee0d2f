import { type Architecture, architectures, build } from "../models/mod.ts";
import { type Command, text, UsageError, whole } from "./command.ts";
import { startProgress } from "./progress.ts";

/** Builds a known architecture with a progress bar. Throws a {@link UsageError} for one that is not known. */
export async function buildAloud(name: string, seed: number | undefined, opset?: number) {
  if (!architectures.includes(name as Architecture)) {
    throw new UsageError(`there is no architecture '${name}'. Known: ${architectures.join(", ")}.`);
  }
  const progress = await startProgress();
  try {
    return await build(name as Architecture, {
      seed: seed ?? 0,
      ...opset !== undefined && { opset },
      onProgress: (fraction, phase) => progress.update(fraction, `building ${name}: ${phase}`),
    });
  } finally {
    progress.stop();
  }
}

/** `layerfuse build ARCH -o OUT`. */
export const buildCommand: Command = {
  name: "build",
  usage: "ARCH -o OUT [--seed N] [--opset N]",
  summary: "Build a known architecture, unfused, with seeded weights and calibrated statistics.",
  positionals: [1, 1],
  options: {
    output: { type: "string", short: "o", help: "OUT the file to write" },
    seed: { type: "string", help: "N seed of the weights, default 0" },
    opset: { type: "string", help: "N version of the operator set, 13 to 20, default 17" },
  },
  async run(args) {
    const out = text(args, "output");
    if (!out) throw new UsageError("build: no output file. Give -o OUT.");
    const model = await buildAloud(args.positionals[0], whole(args, "seed"), whole(args, "opset"));
    await model.save(out);
    const { nodes, parameters, bytes } = model.stats;
    console.log(`${out}: ${nodes} nodes, ${parameters} parameters, ${bytes} bytes`);
    return 0;
  },
};
