import { escapeMarkup } from "./format.ts";
import { bundle, type MimeBundle } from "./bundle.ts";
import { htmlFigure, NARROW } from "./figure.ts";
import { withFlush } from "./jupyter.ts";
import type { OptionNames } from "../host/options.ts";

/** Size of a drawing. */
export interface DrawingOptions {
  /** Width in CSS pixels, 640 when absent. Text keeps its size, so 340 gives a drawing made for a phone. */
  width?: number;
}

/** Every option of a plot that has no others. */
export const DRAWING_OPTIONS: OptionNames<DrawingOptions> = { width: true };

/** A finished drawing. In a notebook it shows itself. */
export class Drawing {
  /** What is shown, in a few words. */
  readonly title: string;
  /** What a reader who cannot see it needs to know: one or two sentences. */
  readonly description: string;
  /** The SVG document, with `xmlns`, its own light and dark colours and a background. */
  readonly svg: string;

  #again?: (width: number) => Drawing;

  /** Names a finished SVG. */
  constructor(title: string, description: string, svg: string) {
    this.title = title;
    this.description = description;
    this.svg = svg;
  }

  /** This drawing, with how to draw it again for another width: a notebook on a phone shows that one. */
  drawnBy(again: (width: number) => Drawing): this {
    this.#again = again;
    return this;
  }

  /** The SVG. */
  toString(): string {
    return this.svg;
  }

  /**
   * The drawing as a notebook shows it: the picture, and words where pictures cannot be shown. It is there as HTML as
   * well as SVG, because JupyterLab takes Markdown before SVG, and HTML before both.
   */
  [Symbol.for("Jupyter.display")](): MimeBundle {
    const again = this.#again;
    return withFlush({
      ...bundle(
        `${this.title}\n${this.description}`,
        `**${escapeMarkup(this.title)}** ${escapeMarkup(this.description)}`,
        [htmlFigure((width) => width === NARROW && again ? again(width) : this)],
      ),
      "image/svg+xml": this.svg,
    });
  }
}
