/** How many inputs of each node take a value. */
export interface Users<N> extends Iterable<readonly [node: N, count: number]> {
  /** Number of nodes. */
  readonly size: number;
  /** The nodes. */
  keys(): IteratorObject<N>;
}

const FEW = 16;

/** No node takes it. */
export const NO_USERS: Users<never> = new Map<never, number>();

/** The only node that takes a value, as most have: a map of one takes five times the memory. */
class OneUser<N> implements Users<N> {
  readonly node: N;
  count: number;

  constructor(node: N, count: number) {
    this.node = node;
    this.count = count;
  }

  get size(): number {
    return 1;
  }

  keys(): IteratorObject<N> {
    return [this.node].values();
  }

  [Symbol.iterator](): Iterator<readonly [N, number]> {
    return [[this.node, this.count] as const].values();
  }
}

class ManyUsers<N> extends Map<N, number> {
  /** Users that went since they were put together anew. */
  gone = 0;
}

/** Users with so many more inputs of a node: the same object, changed, where that can be. */
export function withUser<N>(users: Users<N>, node: N, count: number): Users<N> {
  if (users.size === 0) return new OneUser(node, count);
  if (users instanceof OneUser && users.node === node) {
    users.count += count;
    return users;
  }
  const many: Map<N, number> = users instanceof ManyUsers ? users : new ManyUsers(users);
  return many.set(node, (many.get(node) ?? 0) + count);
}

/** Users without a node. */
export function withoutUser<N>(users: Users<N>, node: N): Users<N> {
  if (users instanceof OneUser) return users.node === node ? NO_USERS : users;
  if (!(users instanceof ManyUsers) || !users.delete(node)) return users;
  // of many, whoever asks for the first user goes past thousands that are gone; and a map that is changed all the time keeps what
  // is gone in memory, since each of its tables refers to the next
  return users.size < FEW || ++users.gone > FEW + users.size ? new ManyUsers(users) : users;
}
