import type { Call } from "../graph/inline.ts";
import type { FusionReport, SkippedRewrite } from "../rewrite/report.ts";
import type { Rule } from "../rewrite/rule.ts";
import type { Model } from "./model.ts";
import { meaningsOf } from "./meanings.ts";

/** What is done between rewrites, and is left out as a rule is. */
export const INLINE_CALLS = {
  name: "inline-calls",
  summary: "A call of a model-local function that hides linear neighbours: the nodes of the function",
};

/** What a report calls the nodes of a subgraph in place of the node that always runs it. */
export const TAKE_BRANCHES = {
  name: "take-branches",
  summary: "If with a constant condition: the nodes of the branch that it takes",
};

/** A model and what was done to it. */
interface Rewritten {
  readonly model: Model;
  readonly report: FusionReport;
}

/** Share of the weights, and number of elements, that a model may grow by where calls share constants of a body. */
const MOST_SHARE = 0.01, MOST_ELEMENTS = 512;

/**
 * Inlines the calls that hide something from the rules, in a model that they have been applied to, and applies them again. All
 * calls are inlined first, to see which of them that helps; the others stay calls. Where it helps nowhere, nothing is changed.
 */
export function inlineWhereItHelps(
  own: Rewritten,
  rules: readonly Rule[],
  allowGrowth: boolean,
  rewrite: (model: Model) => Rewritten,
): Rewritten {
  if (!own.model.hasFunctions) return own;
  const cleaning = new Set(rules.filter(({ phase }) => phase === "clean").map(({ name }) => name));
  const isGain = ({ rule }: { rule: string }) => !cleaning.has(rule);
  const attempt = (only?: ReadonlySet<string>) => {
    const { model, inlined } = own.model.inlined(only), { model: fused, report } = rewrite(model);
    const gains = new Set(report.applied.filter(isGain).map(({ rule, nodes }) => [rule, ...nodes].join("\n")));
    return { model: fused, report, inlined, gains };
  };
  const all = attempt(), { calls } = all.inlined;
  const refused = all.inlined.refused.map(({ reason, ...call }) =>
    refusal(call, "unsupported-form", `it stays a call of ${call.function}: ${reason}`)
  );
  if (all.gains.size === 0) return { ...own, report: withMore(own.report, { skipped: refused }) };
  let best = all;
  for (const isPart of [isGain, () => true]) {
    const around = new Set(all.report.applied.filter(isPart).flatMap(({ nodes }) => nodes.flatMap(prefixesOf)));
    const needed = calls.filter(({ name }) => around.has(name));
    const some = needed.length < calls.length ? attempt(new Set(needed.map(({ name }) => name))) : all;
    if (!all.gains.isSubsetOf(some.gains)) continue;
    best = some;
    break;
  }
  const { before, after } = own.report, growth = best.report.after.parameters - after.parameters;
  if (!allowGrowth && growth > MOST_ELEMENTS + MOST_SHARE * after.parameters) {
    const reason = `its function holds constants, of which each call would get its own: ${growth} more elements in all`;
    refused.push({ ...refusal(calls[0], "file-growth", reason), remedy: "pass --allow-growth" });
    return { ...own, report: withMore(own.report, { skipped: refused }) };
  }
  const inlinings = best.inlined.calls.map(({ name, result }) => ({ rule: INLINE_CALLS.name, nodes: [name], result }));
  const { applied, skipped, wrongClaims } = best.report;
  const report = withMore({ ...own.report, skipped, before, after: best.report.after }, {
    applied: [...inlinings, ...applied],
    skipped: refused,
    wrongClaims,
  });
  return { model: best.model, report };
}

/** What stands before each slash of a name: the calls that a node comes from are among them. */
function prefixesOf(name: string): string[] {
  return [...name.matchAll(/\//g)].map(({ index }) => name.slice(0, index));
}

function refusal({ name }: Call, code: SkippedRewrite["code"], reason: string): SkippedRewrite {
  return { rule: INLINE_CALLS.name, node: name, code, reason };
}

function withMore(
  report: FusionReport,
  { applied = [], skipped, wrongClaims = [] }: Pick<FusionReport, "skipped"> & Partial<FusionReport>,
): FusionReport {
  const allSkipped = [...report.skipped, ...skipped], claims = [...report.wrongClaims ?? [], ...wrongClaims];
  return {
    ...report,
    applied: [...report.applied, ...applied],
    skipped: allSkipped,
    codes: meaningsOf(allSkipped),
    ...claims.length > 0 && { wrongClaims: claims },
  };
}
