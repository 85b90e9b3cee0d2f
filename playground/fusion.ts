/**
 * The rewriter alone, as one script of the page. It gives the page `layerfuse`, and is usable on any other page in the same way.
 *
 * @module
 */
import { fuse } from "../src/fusion/fuse.ts";
import { open } from "../src/fusion/open.ts";

/** What the script puts on a page. */
export interface Fusion {
  /** Fuses a model's consecutive linear layers. */
  readonly fuse: typeof fuse;
  /** Opens a model from its bytes. */
  readonly open: typeof open;
}

(globalThis as unknown as { layerfuse: Fusion }).layerfuse = { fuse, open };
