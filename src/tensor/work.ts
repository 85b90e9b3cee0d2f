import type { Tensor } from "./tensor.ts";

const works = new WeakMap<Tensor, number>();

/** Says how many multiply-accumulates it takes to read a tensor once, what it is made of included; returns it. */
export function withWork(tensor: Tensor, macs: number): Tensor {
  if (macs > 0) works.set(tensor, macs);
  return tensor;
}

/** The multiply-accumulates of reading a tensor once. */
export function workOf(tensor: Tensor): number {
  return works.get(tensor) ?? 0;
}
