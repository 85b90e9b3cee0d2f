import { layersOf } from "../fusion/mod.ts";
import { type Architecture, architectures, defaultInputShape, describe } from "../models/mod.ts";

/** One architecture in the list. */
export interface ZooRow {
  /** Its name. */
  readonly name: Architecture;
  /** Shape of the input it is usually run at. */
  readonly input: readonly number[];
  /** Learned parameters. */
  readonly parameters: number;
  /** Multiply-accumulates of one inference of that input. */
  readonly macs: number;
}

/** Every architecture that can be built. No weights are drawn. */
export function zoo(): ZooRow[] {
  return architectures.map((name) => {
    const { model, parameters } = describe(name), input = defaultInputShape(name);
    const macs = layersOf(model, { [model.inputs[0].name]: input }).reduce((sum, layer) => sum + layer.macs, 0);
    return { name, input, parameters, macs };
  });
}

/** The list as a table. */
export function zooText(rows: readonly ZooRow[]): string {
  const millions = (count: number) => (count / 1e6).toFixed(2);
  const cells = [
    ["architecture", "input", "parameters (M)", "MACs (M)"],
    ...rows.map(({ name, input, parameters, macs }) => [
      name,
      input.join("x"),
      millions(parameters),
      Math.round(macs / 1e6).toLocaleString("en"),
    ]),
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells.map((row) =>
    row.map((cell, column) => column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])).join("  ")
  ).join("\n");
}
