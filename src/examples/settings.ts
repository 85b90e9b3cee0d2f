import process from "node:process";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { bundle } from "../plot/bundle.ts";
import { escapeMarkdown, escapeMarkup } from "../plot/format.ts";
import { displayed } from "../plot/displayed.ts";
import { htmlName, htmlTable } from "../plot/parts.ts";
import { markdownTable, textTable } from "../plot/text_layout.ts";

/** What a setting may be. */
export type Setting = string | number | boolean;

/** Settings of a notebook, as {@link settings} gives them: changeable values of the same types as the defaults. */
export type Settings<T extends Record<string, Setting>> = {
  [Name in keyof T]: T[Name] extends number ? number : T[Name] extends boolean ? boolean : string;
};

/**
 * A notebook's settings: the defaults in the cell, unless the environment says otherwise. A setting `model` is read from
 * `LAYERFUSE_MODEL`, `inputShape` from `LAYERFUSE_INPUT_SHAPE`. In a notebook the result shows itself, with where each
 * value came from.
 *
 * Throws a TypeError where the environment has something that is no number, or neither true nor false, for a setting that
 * is one.
 *
 * @example
 * ```ts
 * import { settings } from "@layerfuse/layerfuse/examples";
 *
 * const { model, seconds } = settings({ model: "resnet18", seconds: 20 });
 * console.log(`${model} for ${seconds} s`);
 * ```
 */
export function settings<T extends Record<string, Setting>>(
  defaults: T,
  environment: (name: string) => string | undefined = (name) => process.env[name],
): Settings<T> {
  const rows: string[][] = [];
  const chosen = Object.fromEntries(
    Object.entries(defaults).map(([name, otherwise]) => {
      const variable = variableOf(name), text = environment(variable);
      const value = text === undefined ? otherwise : parse(variable, text, otherwise);
      rows.push([name, value === "" ? "–" : String(value), text === undefined ? variable : `from ${variable}`]);
      return [name, value];
    }),
  );
  const head = ["setting", "value", "environment"];
  const escaped = (escape: (text: string) => string) => rows.map((row) => row.map(escape));
  const display = () =>
    bundle(textTable(head, rows).join("\n"), `${markdownTable(head, escaped(escapeMarkdown)).join("\n")}\n`, [
      htmlTable(
        head,
        rows.map(([name, value, from]) => [
          htmlName(name),
          escapeMarkup(value),
          from.startsWith("from ") ? `from ${htmlName(from.slice(5))}` : htmlName(from),
        ]),
        { className: "stack" },
      ),
    ]);
  return displayed(chosen, display, false) as Settings<T>;
}

/** `1,3,224,224` (or `1x3x224x224`) as a shape; undefined for an empty text. Throws a TypeError where it is none. */
export function parseShape(text: string): number[] | undefined {
  if (text.trim() === "") return undefined;
  const shape = text.split(/[,x×]/).map(Number);
  if (shape.every((dim) => Number.isInteger(dim) && dim > 0)) return shape;
  throw new TypeError(`shape ${JSON.stringify(text)}: expected whole numbers above 0 such as 1,3,224,224`);
}

/**
 * Where a model named in a setting is: an address as a URL, a path as it is, seen from where the notebook runs or else
 * from `start` (default: where the task was started, `INIT_CWD`). A path that is in neither place is given back as it
 * is, for `open` to refuse.
 */
export async function modelSource(
  text: string,
  start: string | undefined = process.env.INIT_CWD,
): Promise<string | URL> {
  if (/^(https?|file):\/\//.test(text)) return new URL(text);
  for (const path of start === undefined ? [text] : [text, resolve(start, text)]) {
    if (await stat(path).catch(() => undefined)) return path;
  }
  return text;
}

/** `inputShape` → `LAYERFUSE_INPUT_SHAPE`. */
function variableOf(name: string): string {
  return `LAYERFUSE_${name.replace(/[A-Z]/g, "_$&").toUpperCase()}`;
}

function parse(variable: string, text: string, otherwise: Setting): Setting {
  if (typeof otherwise === "number") {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value)) {
      throw new TypeError(`${variable} is ${JSON.stringify(text)}; expected a number, as its default ${otherwise}`);
    }
    return value;
  }
  if (typeof otherwise === "boolean") {
    if (text !== "true" && text !== "false") {
      throw new TypeError(`${variable} is ${JSON.stringify(text)}; expected true or false`);
    }
    return text === "true";
  }
  return text;
}
