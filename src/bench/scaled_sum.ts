/**
 * Norms and products of numbers whose squares leave float64's range: 1e-200 is a number, its square is 0.
 *
 * @module
 */

/** √Σ v², kept as scale²·sum with the largest |v| as the scale (as BLAS nrm2 does). */
export class ScaledSquares {
  #scale = 0;
  #sum = 0;

  /** Adds one finite number. */
  add(value: number): void {
    const magnitude = Math.abs(value);
    if (magnitude === 0) return;
    if (magnitude > this.#scale) {
      this.#sum = 1 + this.#sum * (this.#scale / magnitude) ** 2;
      this.#scale = magnitude;
    } else this.#sum += (magnitude / this.#scale) ** 2;
  }

  /** Adds all that another one has seen. */
  merge(other: ScaledSquares): void {
    if (other.#scale > this.#scale) {
      this.#sum = other.#sum + this.#sum * (this.#scale / other.#scale) ** 2;
      this.#scale = other.#scale;
    } else if (other.#scale > 0) this.#sum += other.#sum * (other.#scale / this.#scale) ** 2;
  }

  /** Whether nothing but zeros was added. */
  get isZero(): boolean {
    return this.#scale === 0;
  }

  /** The norm; infinity only where it is larger than any number. */
  get norm(): number {
    return this.#scale * Math.sqrt(this.#sum);
  }

  /** Its decimal logarithm. */
  get log10(): number {
    return Math.log10(this.#scale) + Math.log10(this.#sum) / 2;
  }

  /** This norm over another, which is not zero. */
  over(other: ScaledSquares): number {
    return (this.#scale / other.#scale) * Math.sqrt(this.#sum / other.#sum);
  }

  /** The part of the norm beside {@link ScaledSquares.largest}: norm = largest·root. */
  get root(): number {
    return Math.sqrt(this.#sum);
  }

  /** The largest magnitude. */
  get largest(): number {
    return this.#scale;
  }
}

/** Σ x·y, kept relative to the largest |x| and |y| so far. */
export class ScaledDot {
  #x = 0;
  #y = 0;
  #sum = 0;

  /** Adds one product of finite numbers. */
  add(x: number, y: number): void {
    this.#rescale(Math.abs(x), Math.abs(y));
    if (this.#x > 0 && this.#y > 0) this.#sum += (x / this.#x) * (y / this.#y);
  }

  /** Adds all that another one has seen. */
  merge(other: ScaledDot): void {
    this.#rescale(other.#x, other.#y);
    if (other.#x > 0 && other.#y > 0) this.#sum += other.#sum * (other.#x / this.#x) * (other.#y / this.#y);
  }

  /** The cosine, given the norms of both; 0 where one is zero. */
  cosine(x: ScaledSquares, y: ScaledSquares): number {
    if (x.isZero || y.isZero) return 0;
    return this.#sum * (this.#x / x.largest) * (this.#y / y.largest) / (x.root * y.root);
  }

  #rescale(x: number, y: number): void {
    if (x > this.#x) {
      this.#sum *= this.#x / x;
      this.#x = x;
    }
    if (y > this.#y) {
      this.#sum *= this.#y / y;
      this.#y = y;
    }
  }
}
