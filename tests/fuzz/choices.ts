/** A finite list of small numbers, read one after the other: 0 always means the plainest choice, so that shrinking leads there. */
export class Choices {
  #at = 0;

  readonly numbers: readonly number[];

  constructor(numbers: readonly number[]) {
    this.numbers = numbers;
  }

  /** A number below `count`. */
  below(count: number): number {
    return this.numbers[this.#at++ % this.numbers.length] % count;
  }

  /** One of some options; the first is the plainest. */
  pick<T>(options: readonly T[]): T {
    return options[this.below(options.length)];
  }

  /** True once in `of` times. */
  once(of: number): boolean {
    return this.below(of) === of - 1;
  }

  /** A list of `length` numbers in [low, high]. */
  list(length: number, low: number, high: number): number[] {
    return Array.from({ length }, () => low + this.below(high - low + 1));
  }
}
