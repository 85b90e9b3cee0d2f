/** One way to write torchvision's names otherwise: the first pattern that matches a name says what it is in torchvision. */
export type Names = readonly (readonly [pattern: RegExp, torchvision: string | ((...match: string[]) => string)])[];

/** What another library's network computes otherwise than torchvision's of the same name. */
export interface Variant {
  /** ε of the normalizations whose paths match. */
  readonly epsilon?: readonly [path: RegExp, epsilon: number];
  /** Whether convolutions pad as TensorFlow does: with a stride, more behind than before. */
  readonly padsAsTensorflow?: boolean;
  /** Number of classes, where it is not 1000. */
  readonly classes?: number;
}

/** How a library writes the state dict of a network. */
export interface Dialect {
  /** Its names. One in torchvision's ending with `#0`, `#1`, … is that part of it: they are put one after another. */
  readonly names: Names;
  /** What its network computes otherwise. */
  readonly variant?: Variant;
  /** timm's name of the network, where its `tf_…` of the same name has the same names and shapes. */
  readonly timm?: string;
  /** Name in torchvision of a tensor with an entry a class, where there may be other than 1000 of them. */
  readonly classes?: string;
}
