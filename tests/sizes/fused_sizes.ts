/** How large every fixture, architecture and model of ONNX's backend suite is after `fuse`: nodes, arithmetic, bytes. */
import { fuse, layersOf, type Model, open } from "../../src/fusion/mod.ts";
import { architectures, build } from "../../src/models/mod.ts";
import { backendCases } from "../backend/suite.ts";

/** What of a fused model may not grow. */
export interface FusedSize {
  /** Nodes. */
  nodes: number;
  /** Multiply-accumulates of the main graph's nodes whose shapes are known. */
  macs: number;
  /** The same of the model as it came: when more shapes become known both grow. */
  macsBefore: number;
  /** Size of the file. */
  bytes: number;
}

const macsOf = (model: Model) => layersOf(model).reduce((sum, { macs }) => sum + macs, 0);

/** Fuses a model and measures the result. */
export async function fusedSize(source: Uint8Array | Model): Promise<FusedSize> {
  const model = source instanceof Uint8Array ? await open(source) : source;
  const { model: fused, report } = await fuse(model);
  const { nodes, bytes } = report.after;
  return { nodes, macs: macsOf(fused), macsBefore: macsOf(model), bytes };
}

/** Where a model comes from. */
export type Source = () => Promise<Uint8Array | Model>;

/** Every fixture and architecture, by name. */
export function* ownModels(): Generator<[name: string, source: Source]> {
  const fixtures = new URL("../fixtures/", import.meta.url);
  for (const name of [...Deno.readDirSync(fixtures)].map(({ name }) => name).sort()) {
    if (name.endsWith(".onnx")) yield [`fixture/${name}`, () => Deno.readFile(new URL(name, fixtures))];
  }
  for (const name of architectures) yield [`architecture/${name}`, () => build(name, { seed: 3 })];
}

/** Every model of the backend suite, by name. */
export async function* suiteModels(): AsyncGenerator<[name: string, source: Source]> {
  for await (const { name, bytes } of backendCases()) yield [`suite/${name}`, () => Promise.resolve(bytes)];
}
