import type { CommandFile } from "../command.ts";
import { addJson, checkJson, type JsonOption, requireOut, show } from "../output.ts";
import { UsageError } from "../usage_error.ts";
import { whole } from "../values.ts";

interface Options {
  output?: string;
  list?: boolean;
  seed?: number;
  opset?: number;
  json?: JsonOption;
}

/** `layerfuse build ARCH -o OUT`, `layerfuse build --list`. */
export const command: CommandFile = {
  define(command) {
    command
      .description("Build a known architecture, unfused, with seeded weights and calibrated statistics.")
      .argument("[ARCH]", "its name; --list shows them")
      .option("-o, --output <OUT>", "the file to write")
      .option("--list", "list the architectures and the shape of the input each is usually run at")
      .option("--seed <N>", "seed of the weights, default 0", whole("--seed"))
      .option("--opset <N>", "version of the operator set, 13 to 20, default 17", whole("--opset"));
    addJson(command);
  },
  async run(command) {
    const [name] = command.args, { output, list, seed, opset, json } = command.opts<Options>();
    await checkJson(json);
    if (list) {
      const { architectures, defaultInputShape } = await import("../../models/mod.ts");
      const rows = architectures.map((name) => ({ name, input: defaultInputShape(name) }));
      const width = Math.max(...rows.map(({ name }) => name.length));
      await show(
        json,
        rows,
        () => rows.map(({ name, input }) => `${name.padEnd(width)}  ${input.join("x")}`).join("\n"),
      );
      return 0;
    }
    if (name === undefined) {
      throw new UsageError("build: 0 arguments, expected 1: ARCH. layerfuse build --list shows them.");
    }
    const out = requireOut(command.name(), output);
    const { buildAloud } = await import("../build_aloud.ts");
    const model = await buildAloud(name, seed, opset);
    await model.save(out);
    const { nodes, parameters, bytes } = model.stats;
    await show(
      json,
      { path: out, ...model.stats },
      () => `${out}: ${nodes} nodes, ${parameters} parameters, ${bytes} bytes`,
    );
    return 0;
  },
};
