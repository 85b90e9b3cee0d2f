import { IMAGENET_LABELS } from "./imagenet_labels.ts";

/** A class and how likely it is. */
export interface Label {
  /** Its name. */
  readonly name: string;
  /** Its number, from 0 on. */
  readonly index: number;
  /** Softmax over all classes. */
  readonly probability: number;
}

/**
 * The likeliest of ImageNet's 1000 classes, the likeliest first.
 *
 * @param logits What a classifier gives for one image.
 * @param count How many, default 5.
 * @throws {RangeError} If there are not 1000 of them.
 *
 * @example
 * ```ts
 * import { topLabels } from "@layerfuse/layerfuse/models";
 *
 * const logits = new Float32Array(1000);
 * logits[207] = 20;
 * console.log(topLabels(logits, 1)[0].name); // golden retriever
 * ```
 */
export function topLabels(logits: ArrayLike<number>, count = 5): Label[] {
  if (logits.length !== IMAGENET_LABELS.length) {
    throw new RangeError(`${logits.length} values, expected ${IMAGENET_LABELS.length}: one for each class of ImageNet`);
  }
  const values = Array.from(logits), most = values.reduce((a, b) => Math.max(a, b));
  const powers = values.map((value) => Math.exp(value - most)), sum = powers.reduce((a, b) => a + b);
  return powers.map((power, index) => ({ name: IMAGENET_LABELS[index], index, probability: power / sum }))
    .sort((a, b) => b.probability - a.probability).slice(0, count);
}
