import { allGraphs, type Graph, type Node } from "../graph/graph.ts";
import { sorted } from "../graph/export.ts";
import { inferNode } from "../ops/infer.ts";
import { Builder } from "../ops/builder.ts";
import { commit, objection } from "./commit.ts";
import type { AppliedRewrite, Cost, SkippedRewrite } from "./report.ts";
import { Skip } from "../ops/skip.ts";
import { Replacement, type Rule } from "./rule.ts";

/** What the driver needs to know about the rules' world. */
export interface DriverOptions {
  /** The rules, in the order they are tried at a node. */
  readonly rules: readonly Rule[];
  /** What nodes cost together. */
  readonly costOf: (nodes: readonly Node[]) => Cost;
  /** Whether to do what may be more work, where shapes that would tell are not known. */
  readonly aggressive?: boolean;
}

/** Rewrites done and left. */
export interface RewriteResult {
  /** In the order they were done. */
  readonly applied: AppliedRewrite[];
  /** Near misses at nodes that are still there. */
  readonly skipped: SkippedRewrite[];
}

/** Applies rules to graphs and their subgraphs until none applies any more. Each application lowers the cost. */
export function rewriteGraphs(graphs: readonly Graph[], options: DriverOptions): RewriteResult {
  const result: RewriteResult = { applied: [], skipped: [] };
  const driver = new Driver(options, result.applied);
  while (driver.pass([...allGraphs(graphs)]));
  result.skipped.push(...driver.skips());
  return result;
}

class Driver {
  readonly #byRoot = new Map<string, Rule[]>();
  readonly #skips = new Map<Node, (SkippedRewrite & { subject: Node; isRemote: boolean })[]>();

  constructor(readonly options: DriverOptions, readonly applied: AppliedRewrite[]) {
    for (const rule of options.rules) {
      for (const op of rule.roots) this.#byRoot.set(op, [...this.#byRoot.get(op) ?? [], rule]);
    }
  }

  /** Visits every node once, and those near a rewrite again. Returns whether anything was rewritten. */
  pass(graphs: readonly Graph[]): boolean {
    const before = this.applied.length;
    const queue = graphs.flatMap(sorted), queued = new Set(queue);
    for (const node of queue) inferNode(node); // what an earlier pass made can say more of shapes downstream
    for (let at = 0; at < queue.length; at++) {
      const node = queue[at];
      queued.delete(node);
      for (const next of this.#visit(node)) {
        if (queued.has(next)) continue;
        queued.add(next);
        queue.push(next);
      }
    }
    return this.applied.length > before;
  }

  *skips(): Generator<SkippedRewrite> {
    const seen = new Set<string>();
    for (const [root, records] of this.#skips) {
      if (root.isRemoved) continue;
      const nearestFirst = [...records].sort((a, b) => Number(a.isRemote) - Number(b.isRemote));
      for (const { subject, rule, node, code, reason, remedy } of nearestFirst) {
        const key = `${node}\n${reason}`;
        if (subject.isRemoved || seen.has(key)) continue;
        seen.add(key);
        yield { rule, node, code, reason, ...remedy === undefined ? {} : { remedy } };
      }
    }
  }

  #visit(root: Node): Node[] {
    if (root.isRemoved || root.domain !== "" || !root.outputs[0]) return [];
    this.#skips.delete(root);
    for (const rule of this.#byRoot.get(root.opType) ?? []) {
      const build = new Builder(root.graph);
      const outcome = rule.rewrite(root, build);
      if (outcome instanceof Skip) this.#skip(root, rule, outcome);
      if (!(outcome instanceof Replacement)) continue;
      const before = this.options.costOf(outcome.removed), after = this.options.costOf(build.nodes);
      const against = objection(outcome, build) ??
        dearer(before, after, outcome, this.options.aggressive === true);
      if (against) {
        this.#skip(root, rule, against);
        continue;
      }
      const [[result]] = outcome.outputs;
      this.applied.push({
        rule: rule.name,
        nodes: outcome.removed.map((node) => node.label),
        result: result.name,
        before,
        after,
      });
      return commit(root.graph, root, outcome, build);
    }
    return [];
  }

  #skip(root: Node, rule: Rule, { code, reason, remedy, node = root, isRemote }: Skip): void {
    const records = this.#skips.get(root) ?? [];
    records.push({ rule: rule.name, node: node.label, code, reason, remedy, subject: node, isRemote });
    this.#skips.set(root, records);
  }
}

/** Nodes first, then multiply-accumulates, then weights: something must become less, so that rewriting ends. */
function dearer(
  before: Cost,
  after: Cost,
  { isLighter, isUnsure }: Replacement,
  aggressive: boolean,
): Skip | undefined {
  const open = new Skip(
    "cost-unknown",
    "whether it saves work depends on shapes that the model does not say (the option aggressive does it anyway)",
    { remedy: "pass --aggressive" },
  );
  if (isUnsure && !aggressive) return open;
  if (after.nodes < before.nodes || after.nodes === before.nodes && (isLighter || isUnsure)) return undefined;
  if (after.nodes > before.nodes) {
    return new Skip("not-cheaper", `it would take ${after.nodes} nodes instead of ${before.nodes}`);
  }
  if (before.macs === null || after.macs === null) return open;
  if (after.macs < before.macs || after.macs === before.macs && after.parameters < before.parameters) return undefined;
  return new Skip(
    "not-cheaper",
    `it would save nothing: ${before.macs} multiply-accumulates before, ${after.macs} after`,
  );
}
