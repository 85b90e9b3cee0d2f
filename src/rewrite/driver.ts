import { allGraphs, type Graph, type Node, type Value } from "../graph/graph.ts";
import { sorted } from "../graph/export.ts";
import { inferNode } from "../ops/infer.ts";
import { endless, failureOf } from "./rule_failure.ts";
import { Builder } from "../ops/builder.ts";
import { commit } from "./commit.ts";
import type { AppliedRewrite, SkippedRewrite } from "./report.ts";
import { ConstantPool } from "../ops/constant_pool.ts";
import { Skip } from "../ops/skip.ts";
import { GrowthAccount } from "./growth.ts";
import { objection } from "./objection.ts";
import { Queue } from "./queue.ts";
import { costsOf, whyNotCheaper } from "./cheaper.ts";
import { countOperators, whyPartOfIdiom } from "./operators.ts";
import { PHASES, Replacement, type Rule, type RuleOptions } from "./rule.ts";
import type { Runtime } from "./runtime.ts";

/** What the driver needs to know about the rules' world. */
export interface DriverOptions {
  /** The rules, in the order they are tried at a node within their phase. */
  readonly rules: readonly Rule[];
  /** Whether to do what may be more work, where shapes that would tell are not known. */
  readonly aggressive?: boolean;
  /** The runtime whose operators are counted; `onnxruntime` where absent. */
  readonly runtime?: Runtime;
  /** Bytes of the file, of which constants may grow by a small share. */
  readonly fileBytes?: number;
  /** Applications that measuring spoke against: rule name, newline, name of the result. */
  readonly vetoes?: ReadonlySet<string>;
  /** Whether weights are out of reach, so that it stays unknown whether a new one would overflow its type. */
  readonly cannotReadWeights?: boolean;
  /** Whether rules do what their calibrated gates leave out, too: what the gates are calibrated with. */
  readonly ungated?: boolean;
  /** Whether constants may grow without a bound. */
  readonly allowGrowth?: boolean;
}

/** Rewrites done and left. */
export interface RewriteResult {
  /** In the order they were done. */
  readonly applied: AppliedRewrite[];
  /** Near misses at nodes that are still there. */
  readonly skipped: SkippedRewrite[];
}

/** Applications per node of the model that a faulty rule is stopped at: no sound rule comes near. */
const MOST_PER_NODE = 16;

/**
 * Applies rules to graphs and their subgraphs, phase by phase, until none applies any more. Each application lowers the cost.
 *
 * Throws a `RuleError` where a rule goes on for ever.
 */
export function rewriteGraphs(graphs: readonly Graph[], options: DriverOptions): RewriteResult {
  const result: RewriteResult = { applied: [], skipped: [] };
  const driver = new Driver(options, result.applied, graphs);
  while (driver.pass([...allGraphs(graphs)]));
  for (const skip of driver.skips()) result.skipped.push(skip);
  return result;
}

class Driver {
  readonly #phases: readonly Map<string, Rule[]>[];
  readonly #bits = new Map<string, number>();
  readonly #ruleOptions: RuleOptions;
  #builder?: Builder;
  readonly #skips = new Map<Node, (SkippedRewrite & { subject: Node; isRemote: boolean })[]>();
  readonly #most: number;
  readonly #pool: ConstantPool;
  readonly #growth: GrowthAccount;

  readonly options: DriverOptions;
  readonly applied: AppliedRewrite[];

  constructor(
    options: DriverOptions,
    applied: AppliedRewrite[],
    graphs: readonly Graph[],
  ) {
    this.options = options;
    this.applied = applied;
    this.#ruleOptions = { isGated: !options.ungated };

    this.#phases = PHASES.map((phase) => {
      const byRoot = new Map<string, Rule[]>();
      for (const rule of options.rules.filter((rule) => rule.phase === phase)) {
        for (const op of rule.roots) byRoot.set(op, [...byRoot.get(op) ?? [], rule]);
      }
      const everywhere = byRoot.get("*") ?? [];
      for (const [op, rules] of byRoot) if (op !== "*") byRoot.set(op, [...everywhere, ...rules]);
      return byRoot;
    }).filter((byRoot) => byRoot.size > 0);
    this.#pool = new ConstantPool(graphs);
    this.#growth = new GrowthAccount(options);
    const nodes = [...allGraphs(graphs)].reduce((sum, graph) => sum + graph.nodes.length, 0);
    this.#most = MOST_PER_NODE * (nodes + MOST_PER_NODE);
  }

  /**
   * Visits every node once in each phase, and those near a rewrite again, from the first phase on. Returns whether anything was
   * rewritten.
   */
  pass(graphs: readonly Graph[]): boolean {
    const before = this.applied.length;
    const nodes = graphs.flatMap(sorted);
    if (!this.#isAsRead(graphs, nodes)) {
      for (const node of nodes) inferNode(node);
      for (const graph of graphs) graph.changes++;
    }
    for (const node of nodes) this.#skips.delete(node);
    const queue = new Queue(this.#phases.length, ({ operator }) => this.#phasesAt(operator));
    queue.add(nodes);
    for (let phase = 0; phase < this.#phases.length;) {
      const node = queue.take(phase);
      if (!node) {
        phase++;
        continue;
      }
      const done = this.#visit(node, this.#phases[phase]);
      if (!done) continue;
      queue.remove(done.removed);
      for (const gone of done.removed) this.#skips.delete(gone);
      queue.add(done.touched);
      phase = 0;
    }
    return this.applied.length > before;
  }

  /** A bit for each phase whose rules look at an operator. */
  #phasesAt(operator: string): number {
    let bits = this.#bits.get(operator);
    if (bits === undefined) {
      bits = this.#phases.reduce((sum, byRoot, phase) => sum + (rulesAt(operator, byRoot) ? 1 << phase : 0), 0);
      this.#bits.set(operator, bits);
    }
    return bits;
  }

  /**
   * Whether all is known of nodes that can be: what an earlier pass made can say more of shapes downstream, and where a file does not
   * have its nodes in order, more was known too late.
   */
  #isAsRead(graphs: readonly Graph[], nodes: readonly Node[]): boolean {
    let at = 0;
    return this.applied.length === 0 && graphs.every((graph) => graph.nodes.every((node) => node === nodes[at++]));
  }

  *skips(): Generator<SkippedRewrite> {
    const seen = new Set<string>();
    for (const [root, records] of this.#skips) {
      if (root.isRemoved) continue;
      const nearestFirst = [...records].sort((a, b) => Number(a.isRemote) - Number(b.isRemote));
      for (const { subject, rule, node, ...own } of nearestFirst) {
        const { code, reason, remedy } = whyPartOfIdiom(subject, this.options.runtime ?? "onnxruntime") ?? own;
        const key = `${node}\n${reason}`;
        if (subject.isRemoved || seen.has(key)) continue;
        seen.add(key);
        yield { rule, node, code, reason, ...remedy === undefined ? {} : { remedy } };
      }
    }
  }

  /** Applies the first rule that applies at a node: the nodes that are gone, and those whose surroundings changed. */
  #visit(root: Node, byRoot: ReadonlyMap<string, readonly Rule[]>) {
    const rules = rulesAt(root.operator, byRoot);
    if (!rules || root.isRemoved || !root.outputs[0]) return undefined;
    const older = this.#skips.get(root)?.filter(({ rule }) => !rules.some(({ name }) => name === rule));
    if (older) this.#skips.set(root, older);
    for (const rule of rules) {
      const build = this.#builderFor(root.graph);
      const outcome = this.#outcomeOf(rule, root, build);
      if (outcome instanceof Skip) this.#skip(root, rule, outcome);
      if (!(outcome instanceof Replacement)) continue;
      const operators = countOperators(outcome, build, this.options.runtime ?? "onnxruntime");
      const costs = costsOf(outcome, build), { aggressive } = this.options;
      const against = objection(outcome, build, this.options) ??
        whyNotCheaper(outcome, build, { costs, phase: rule.phase, operators, aggressive }) ??
        this.#growth.whyTooLarge(outcome, build, costs) ??
        this.#whyVetoed(rule, root, outcome);
      if (against) {
        this.#skip(root, rule, against);
        continue;
      }
      const result = resultOf(root, outcome);
      this.applied.push({
        rule: rule.name,
        nodes: outcome.removed.map((node) => node.label),
        result: result.name,
        before: { ...costs[0], operators: operators.before },
        after: { ...costs[1], operators: operators.after },
      });
      if (this.applied.length > this.#most) throw endless(this.applied, root);
      this.#growth.add(outcome, build, costs);
      return { removed: outcome.removed, touched: commit(root.graph, root, outcome, build) };
    }
  }

  #outcomeOf(rule: Rule, root: Node, build: Builder): ReturnType<Rule["rewrite"]> {
    try {
      return rule.rewrite(root, build, this.#ruleOptions);
    } catch (error) {
      throw failureOf(rule.name, root, error);
    }
  }

  /** A builder that nothing is staged in: most rules say no before they stage anything, so that one serves many. */
  #builderFor(graph: Graph): Builder {
    if (this.#builder?.graph !== graph || this.#builder.isUsed) {
      this.#builder = new Builder(graph, this.#pool, inferNode);
    }
    return this.#builder;
  }

  #whyVetoed({ name }: Rule, root: Node, outcome: Replacement): Skip | undefined {
    return this.options.vetoes?.has(`${name}\n${resultOf(root, outcome).name}`)
      ? new Skip("measured-slower", "it was measured here and made the model slower")
      : undefined;
  }

  #skip(root: Node, rule: Rule, skip: Skip): void {
    if (rule.phase === "clean" && skip.code === "file-growth") return; // a constant that stays computed is no near miss
    const { code, reason, remedy, node = root, isRemote } = skip;
    const records = this.#skips.get(root) ?? [];
    records.push({ rule: rule.name, node: node.label, code, reason, remedy, subject: node, isRemote });
    this.#skips.set(root, records);
  }
}

/** The rules that look at an operator; undefined where none does. */
function rulesAt(operator: string, byRoot: ReadonlyMap<string, readonly Rule[]>): readonly Rule[] | undefined {
  return byRoot.get(operator) ?? byRoot.get("*");
}

/** The value a rewrite is about: the first it replaces, or where it replaces none the one that goes. */
function resultOf(root: Node, { outputs: [first] }: Replacement): Value {
  return first ? first[0] : root.output;
}
