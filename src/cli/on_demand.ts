/**
 * Modules that the command line loads when it needs them. Deno reads every module that is written into `import()` at each start, and
 * all that it imports, so that `--help` would wait for the plots.
 */
interface OnDemand {
  "bench/image": typeof import("../bench/image.ts");
  "bench/mod": typeof import("../bench/mod.ts");
  "bench/session": typeof import("../bench/session.ts");
  "bench/source": typeof import("../bench/source.ts");
  "cli/build_with_progress": typeof import("../cli/build_with_progress.ts");
  "cli/by_rule": typeof import("../cli/by_rule.ts");
  "cli/colour": typeof import("../cli/colour.ts");
  "cli/command_help": typeof import("../cli/command_help.ts");
  "cli/compare_pair": typeof import("../cli/compare_pair.ts");
  "cli/compare_pairs": typeof import("../cli/compare_pairs.ts");
  "cli/compare_with_progress": typeof import("../cli/compare_with_progress.ts");
  "cli/completion": typeof import("../cli/completion.ts");
  "cli/diff_text": typeof import("../cli/diff_text.ts");
  "cli/file_names": typeof import("../cli/file_names.ts");
  "cli/github": typeof import("../cli/github.ts");
  "cli/input_folder": typeof import("../cli/input_folder.ts");
  "cli/known_shapes": typeof import("../cli/known_shapes.ts");
  "cli/output": typeof import("../cli/output.ts");
  "cli/program": typeof import("../cli/program.ts");
  "cli/verify": typeof import("../cli/verify.ts");
  "cli/write_whole": typeof import("../cli/write_whole.ts");
  "cli/wrote_sentence": typeof import("../cli/wrote_sentence.ts");
  "cli/zoo": typeof import("../cli/zoo.ts");
  "fusion/mod": typeof import("../fusion/mod.ts");
  "host/temporary_directory": typeof import("../host/temporary_directory.ts");
  "models/mod": typeof import("../models/mod.ts");
  "plot/format": typeof import("../plot/format.ts");
  "plot/fusion_text": typeof import("../plot/fusion_text.ts");
  "plot/mod": typeof import("../plot/mod.ts");
}

/** Loads a module, by its path under `src/`. */
export async function onDemand<Path extends keyof OnDemand>(path: Path): Promise<OnDemand[Path]> {
  const file = `../${path}.ts`; // not written into import(), see above
  return await import(file);
}
