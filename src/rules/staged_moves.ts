import type { Node, Value } from "../graph/graph.ts";
import type { Builder } from "../ops/builder.ts";
import type { Carry } from "../ops/carry/carry.ts";
import { constantOf } from "../ops/constant.ts";
import { Skip } from "../ops/skip.ts";
import { Replacement } from "../rewrite/rule.ts";

/** Where a propagation starts and how far it may go. */
export interface PropagationStart {
  /** The nodes that make the map, the last one first. */
  readonly nodes: readonly Node[];
  /** Their result. */
  readonly result: Value;
  /** What takes its place. */
  readonly now: Value;
  /** The kinds of operators it may get past; all of them where absent. */
  readonly past?: readonly Carry["kind"][];
  /** Whether it may end in another affine map. */
  readonly endsInMaps?: true;
}

/** What one propagation has put in place of what so far; nothing of it is in the graph. */
export class StagedMoves {
  /** Values and what takes their place. */
  protected readonly outputs: (readonly [old: Value, now: Value])[];
  /** The nodes that go. */
  protected readonly removed: Node[];
  /** The nodes that the map came to. */
  protected readonly visited: Set<Node>;

  readonly build: Builder;
  readonly start: PropagationStart;

  /** An attempt that stages its new nodes in `build`. */
  constructor(build: Builder, start: PropagationStart) {
    this.build = build;
    this.start = start;

    this.removed = [...start.nodes];
    this.outputs = [[start.result, start.now]];
    this.visited = new Set(start.nodes);
  }

  /** Why as many nodes are made as are taken away, or more; undefined where there are fewer. */
  whyNotSmaller(): Skip | undefined {
    const made = this.build.nodes.filter(({ output }) => constantOf(output) === undefined);
    const [before, after] = [this.removed.length, made.length];
    if (after < before) return undefined;
    const than = after === before ? ", as many as now" : ` instead of ${before}`;
    return new Skip("not-cheaper", `it would take ${after} nodes${than}`);
  }

  /** What to put in place of what. */
  replacement(): Replacement {
    const passed = new Map(this.outputs.filter(([, now]) => !this.build.makes(now)));
    const origin = (value: Value): Value => {
      const before = passed.get(value);
      return before ? origin(before) : value;
    };
    const [[result, x], ...rest] = this.outputs.map(([old, now]): [Value, Value] => [old, origin(now)]);
    // a layer that takes the map over directly gives the result under its own name
    const direct = rest.find(([old, now]) => old === x && this.build.makes(now));
    const isLeft = !direct || [...x.users.keys()].some((user) => !this.removed.includes(user)) ||
      rest.some((output) => output !== direct && output[1] === x) ||
      this.build.nodes.some(({ inputs }) => inputs.includes(x));
    const outputs = isLeft ? [[result, x] as const, ...rest] : [
      [result, direct[1]] as const,
      ...rest.filter((output) => output !== direct),
    ];
    return new Replacement(this.removed, outputs);
  }

  /** Puts a value in place of one that nodes make, which go. */
  protected replace(nodes: readonly Node[], old: Value, now: Value): undefined {
    this.removed.push(...nodes);
    this.outputs.push([old, now]);
  }

  /** Remembers the state; calling the result goes back to it. */
  protected mark(): () => void {
    const { nodes, initializers } = this.build, visited = [...this.visited];
    const lengths = [nodes.length, initializers.length, this.removed.length, this.outputs.length];
    return () => {
      [nodes.length, initializers.length, this.removed.length, this.outputs.length] = lengths;
      this.visited.clear();
      for (const node of visited) this.visited.add(node);
    };
  }
}
