import type { Rule } from "../rewrite/rule.ts";
import { RULES } from "../rules/mod.ts";

/** Which rules to apply, by name. */
export interface RuleChoice {
  /** These only; all of them where absent. */
  rules?: readonly string[];
  /** All but these. */
  skip?: readonly string[];
}

/** A rule name that does not exist. The message lists those that do. */
export class RuleNameError extends Error {
  /** The error's name, `RuleNameError`. */
  override readonly name = "RuleNameError";
}

/** The rules of a choice, in the order they are tried. Throws a {@linkcode RuleNameError} for a name that is none. */
export function chooseRules({ rules, skip = [] }: RuleChoice): readonly Rule[] {
  for (const name of [...rules ?? [], ...skip]) {
    if (!RULES.some((rule) => rule.name === name)) {
      throw new RuleNameError(
        `there is no rule '${name}'. The rules are: ${RULES.map((rule) => rule.name).join(", ")}.`,
      );
    }
  }
  return RULES.filter(({ name }) => (rules?.includes(name) ?? true) && !skip.includes(name));
}

/** Every rule by name, with one line that says what it does. */
export function listRules(): { name: string; summary: string }[] {
  return RULES.map(({ name, summary }) => ({ name, summary }));
}
