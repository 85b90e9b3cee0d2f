import { type Command, Option } from "commander";
import type { FuseOptions, FusionReport, Runtime } from "../fusion/mod.ts";
import { addJson, type JsonOption } from "./output.ts";
import { list } from "./values.ts";
import { onDemand } from "./on_demand.ts";

/** What {@link addFusionOptions} parses. */
export interface FusionChoice {
  /** Rules to apply. */
  rules?: string[];
  /** Rules to leave out. */
  skip?: string[];
  /** Whether to do what may be more work. */
  aggressive?: boolean;
  /** What the model is for. */
  runtime?: Runtime;
  /** Whether the file may grow. */
  allowGrowth?: boolean;
  /** Whether no caller sets the initializers that are inputs. */
  freezeInputs?: boolean;
  /** Whether to list every rewrite and every node. */
  verbose?: boolean;
  /** Where JSON goes. */
  json?: JsonOption;
}

/** Adds the options that say what to fuse and how to say it, shared by `fuse` and `explain`. */
export function addFusionOptions(command: Command): Command {
  command
    .option("--rules <A,B>", "apply these rules only (layerfuse rules lists them)", list)
    .option("--skip <A,B>", "apply all rules but these", list)
    .option("--aggressive", "also do what may be more work, where shapes that would tell are unknown")
    .addOption(
      new Option("--runtime <NAME>", "what the model is for; none: count nodes alone")
        .choices(["onnxruntime", "onnxruntime-cpu", "none"]).default("onnxruntime"),
    )
    .option(
      "--allow-growth",
      "let the file grow by more than 1 %: small stored weights written out, shared ones copied",
    )
    .option("--freeze-inputs", "take initializers that are also inputs as constants: they are inputs no longer")
    .option("--verbose", "list every rewrite and every node, not the first few");
  return addJson(command);
}

/** The library's options for what {@link addFusionOptions} parsed. */
export function fusionOptions(
  { rules, skip, aggressive, runtime, allowGrowth, freezeInputs }: FusionChoice,
): FuseOptions {
  return { rules, skip, aggressive: Boolean(aggressive), runtime, allowGrowth, freezeInputs };
}

/** A fusion report as text for a terminal. */
export async function reportText(report: FusionReport, verbose = false): Promise<string> {
  const { fusionText, measuredLines } = await onDemand("plot/fusion_text");
  return [fusionText(report, { shown: verbose ? Infinity : undefined, rewrites: true }), ...measuredLines(report)].join(
    "\n",
  );
}
