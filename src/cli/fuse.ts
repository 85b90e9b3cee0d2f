import { explain, fuse, type FuseOptions, listRules, type MeasuredVerdict, type Model, open } from "../fusion/mod.ts";
import { type Arguments, type Command, list, type Option, text, UsageError } from "./command.ts";
import { inputOptions, MEASURE_OPTIONS } from "./measure_options.ts";

const CHOICE: Record<string, Option> = {
  rules: { type: "string", help: "A,B apply these rules only" },
  skip: { type: "string", help: "A,B apply all rules but these" },
  aggressive: { type: "boolean", help: "also do what may be more work, where shapes that would tell are unknown" },
  json: { type: "boolean", help: "print the report as JSON" },
};

function choice(args: Arguments): FuseOptions {
  return { rules: list(args, "rules"), skip: list(args, "skip"), aggressive: Boolean(args.values.aggressive) };
}

/** Times models on this machine, as `compare` does by default at level `all`. */
async function measured(before: Model, after: Model, args: Arguments): Promise<MeasuredVerdict> {
  const { verdictOf } = await import("../bench/mod.ts");
  return await verdictOf(before, after, inputOptions(args));
}

async function print(report: Awaited<ReturnType<typeof explain>>, json: boolean): Promise<void> {
  if (json) return console.log(JSON.stringify(report, null, 2));
  const { fusionText } = await import("../plot/fusion_text.ts");
  console.log(fusionText(report));
  for (const [rule, verdict] of Object.entries(report.measured ?? {})) {
    console.log(`Measured with ${rule}: ${verdict}${verdict === "slower" ? ", so left out" : ""}.`);
  }
}

/** `layerfuse fuse MODEL -o OUT`. */
export const fuseCommand: Command = {
  name: "fuse",
  usage: "MODEL -o OUT [--rules A,B] [--skip A,B] [--aggressive] [--measure] [--verify] [--json]",
  summary: "Fuse consecutive linear layers of MODEL (a path or URL) and write the result to OUT.",
  positionals: [1, 1],
  options: {
    output: { type: "string", short: "o", help: "OUT the file to write" },
    ...CHOICE,
    measure: { type: "boolean", help: "time optional rules here, and leave out what makes the model slower" },
    verify: { type: "boolean", help: "run both models first; write nothing unless the outputs agree" },
    size: MEASURE_OPTIONS.size,
    shape: MEASURE_OPTIONS.shape,
  },
  async run(args) {
    const out = text(args, "output");
    if (!out) throw new UsageError("fuse: no output file. Give -o OUT.");
    const model = await open(args.positionals[0]);
    const { model: fused, report } = await fuse(model, {
      ...choice(args),
      measure: args.values.measure ? (before, after) => measured(before, after, args) : undefined,
    });
    if (args.values.verify) {
      const { verify } = await import("./verify.ts");
      const { isSame, sentence } = await verify(model, fused, inputOptions(args));
      console.error(sentence);
      if (!isSame) return 1;
    }
    await fused.save(out);
    await print(report, Boolean(args.values.json));
    return 0;
  },
};

/** `layerfuse explain MODEL`. */
export const explainCommand: Command = {
  name: "explain",
  usage: "MODEL [--rules A,B] [--skip A,B] [--aggressive] [--json]",
  summary: "Say what fuse would do to MODEL, and why it would leave the rest. Nothing is written.",
  positionals: [1, 1],
  options: CHOICE,
  async run(args) {
    await print(await explain(args.positionals[0], choice(args)), Boolean(args.values.json));
    return 0;
  },
};

/** `layerfuse rules`. */
export const rulesCommand: Command = {
  name: "rules",
  usage: "[--json]",
  summary: "List the rules, one line each.",
  positionals: [0, 0],
  options: { json: { type: "boolean", help: "print JSON" } },
  run(args) {
    const rules = listRules(), width = Math.max(...rules.map(({ name }) => name.length));
    console.log(
      args.values.json
        ? JSON.stringify(rules, null, 2)
        : rules.map(({ name, summary }) => `${name.padEnd(width)}  ${summary}`).join("\n"),
    );
    return Promise.resolve(0);
  },
};
