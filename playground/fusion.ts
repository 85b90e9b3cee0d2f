/**
 * The rewriter alone, as one script of the page. It gives the page `layerfuse`, and is usable on any other page in the same way.
 *
 * @module
 */
import { fuse } from "../src/fusion/fuse.ts";
import type { Model } from "../src/fusion/model.ts";
import { open, type OpenOptions } from "../src/fusion/open.ts";

/** How a page opens a model. */
export interface PageOpenOptions extends Pick<OpenOptions, "name" | "freezeInputs"> {
  /** The files with its weights, by name, where it keeps them beside itself. */
  readonly files?: ReadonlyMap<string, Uint8Array>;
}

/** What the script puts on a page. */
export interface Fusion {
  /** Fuses a model's consecutive linear layers. */
  readonly fuse: typeof fuse;
  /** Opens a model from its bytes. */
  readonly open: (bytes: Uint8Array, options?: PageOpenOptions) => Promise<Model>;
}

(globalThis as unknown as { layerfuse: Fusion }).layerfuse = { fuse, open };
