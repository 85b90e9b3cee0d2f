import type { Value } from "../../graph/graph.ts";
import type { Builder } from "../builder.ts";
import type { Match, Pattern } from "./pattern.ts";

/** Several nodes that are one operator by another name. */
export interface Idiom {
  /** What it computes, to stand in "it is part of …": `a GELU`. */
  readonly name: string;
  /**
   * The operator that ONNX Runtime makes of the {@linkcode Idiom.recognised} form at level `extended` or `all`, with its domain.
   * Seen in the graph it runs (`optimizedModelFilePath`), which a test repeats.
   */
  readonly runtime: string;
  /** The forms that ONNX Runtime recognises. */
  readonly recognised: Pattern;
  /** Further forms of the same function, which it runs node by node. */
  readonly others?: Pattern;
  /** Whether it is a layer or product and what stands behind it: maps in it are left alone for reasons of their own. */
  readonly isLayer?: true;
  /** The ONNX operator that is the same, from an opset of the default domain on. */
  readonly operator?: { readonly opType: string; readonly since: number };
  /**
   * The idiom as that operator (`asOperator`), or as nodes in a recognised form; undefined where the values at hand do not allow
   * it.
   */
  write?(match: Match, build: Builder, asOperator: boolean): Value | undefined;
}
