import { nearest } from "../host/options.ts";
import type { Rule } from "../rewrite/rule.ts";
import type { Runtime } from "../rewrite/runtime.ts";
import { RULES } from "../rules/mod.ts";
import { INLINE_CALLS, TAKE_BRANCHES } from "./inline.ts";

/** Which rules to apply, by name. */
export interface RuleChoice {
  /** These only; all of them where absent. */
  rules?: readonly string[];
  /** All but these. */
  skip?: readonly string[];
}

/** A rule name that does not exist, or one that is not for the runtime. The message lists those that are. */
export class RuleNameError extends Error {
  /** The error's name, `RuleNameError`. */
  override readonly name = "RuleNameError";
}

/** What a choice depends on besides names. */
interface Circumstances {
  /** What the model is for. */
  readonly runtime: Runtime;
  /** Whether what is slower is found out by measuring. */
  readonly isMeasured: boolean;
}

/**
 * The rules of a choice, in the order they are tried. Those for other runtimes are left out, and those that pay on some machines
 * only unless they are measured or named. Throws a {@linkcode RuleNameError} for a name that is none, or for another runtime.
 */
export function chooseRules({ rules, skip = [] }: RuleChoice, { runtime, isMeasured }: Circumstances): readonly Rule[] {
  const isFor = (rule: Rule) => rule.runtimes?.includes(runtime) ?? true;
  for (const name of [...rules ?? [], ...skip]) {
    const rule = RULES.find((rule) => rule.name === name);
    if (!rule && !STEPS.some((step) => step.name === name)) {
      const names = listRules().map((rule) => rule.name), near = nearest(name, names);
      throw new RuleNameError(
        `there is no rule '${name}'${near ? `; did you mean '${near}'?` : "."} The rules are: ${names.join(", ")}.`,
      );
    }
    if (rule && rules?.includes(name) && !isFor(rule)) {
      throw new RuleNameError(
        `the rule '${name}' is for the runtime ${rule.runtimes!.join(" or ")}, and the model is rewritten for ` +
          `${runtime}: choose that runtime (--runtime ${rule.runtimes![0]}) or leave the rule out.`,
      );
    }
  }
  return RULES.filter((rule) =>
    isFor(rule) && !skip.includes(rule.name) &&
    (rules?.includes(rule.name) ?? (isMeasured || !rule.isForMeasuring))
  );
}

/** What is done between rewrites, by the same names. */
const STEPS = [TAKE_BRANCHES, INLINE_CALLS];

/** Whether one of {@link STEPS} is done. */
export function isChosen({ name }: typeof STEPS[number], { rules, skip = [] }: RuleChoice): boolean {
  return (rules?.includes(name) ?? true) && !skip.includes(name);
}

/** A rule as `layerfuse rules` shows it. */
export interface ListedRule {
  /** Its name, for `rules` and `skip`. */
  name: string;
  /** One line: what becomes what. */
  summary: string;
  /** The runtimes it is for; every one where absent. */
  runtimes?: readonly Runtime[];
  /** Present where it is done only under `measure`, or where it is named. */
  isForMeasuring?: true;
}

/** Every rule by name, with one line that says what it does. */
export function listRules(): ListedRule[] {
  const rules = RULES.map(({ name, summary, runtimes, isForMeasuring }) => ({
    name,
    summary,
    ...runtimes && { runtimes },
    ...isForMeasuring && { isForMeasuring },
  }));
  return [...STEPS, ...rules];
}
