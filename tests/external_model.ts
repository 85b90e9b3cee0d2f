/** A small model with its weights in a file of their own, written with protobufjs alone. */
import { messageType } from "../src/proto/schema.ts";
import { modelBytes, random, randomIn, type TestModel } from "./onnx_model.ts";

/** Conv, BatchNormalization, Relu: fused, its weights are computed anew. */
export const CONV_BN: TestModel = {
  inputs: { x: [2, 8, 6, 6] },
  outputs: { y: [2, 16, 4, 4] },
  initializers: {
    w: random([16, 8, 3, 3], 1),
    gamma: randomIn(0.5, 1.5, [16], 2),
    beta: random([16], 3),
    mean: random([16], 4),
    variance: randomIn(0.3, 2, [16], 5),
    spare: random([300], 6),
  },
  nodes: [
    { op: "Conv", inputs: ["x", "w"], outputs: ["c"] },
    { op: "BatchNormalization", inputs: ["c", "gamma", "beta", "mean", "variance"], outputs: ["b"] },
    { op: "Relu", inputs: ["b"], outputs: ["y"] },
  ],
};

// deno-lint-ignore no-explicit-any
type Proto = any;

/** The entries of an `external_data` field, changed as a test likes: pairs, so that a key may come twice. */
export type Change = (entries: [key: string, value: string][], tensor: Proto) => [key: string, value: string][] | void;

/** A model with the data of some tensors in a file. */
export function externalised(
  names: readonly string[],
  location: string,
  { model = CONV_BN, change = () => {} }: { model?: TestModel; change?: Change } = {},
): { model: Uint8Array<ArrayBuffer>; data: Uint8Array<ArrayBuffer> } {
  const type = messageType("ModelProto");
  const proto: Proto = type.decode(modelBytes(model));
  const parts: Uint8Array[] = [new Uint8Array(64).fill(255)]; // not at the begin, so that an ignored offset shows
  let offset = 64;
  for (const tensor of proto.graph.initializer) {
    if (!names.includes(tensor.name)) continue;
    const data = Uint8Array.from(tensor.raw_data);
    const entries: [string, string][] = [["location", location], ["offset", `${offset}`], ["length", `${data.length}`]];
    delete tensor.raw_data;
    tensor.data_location = 1;
    tensor.external_data = (change(entries, tensor) ?? entries).map(([key, value]) => ({ key, value }));
    parts.push(data);
    offset += data.length;
  }
  const data = new Uint8Array(offset);
  parts.reduce((at, part) => (data.set(part, at), at + part.length), 0);
  return { model: Uint8Array.from(type.encode(proto).finish()), data };
}

/** Runs `work` with a fresh folder that is removed afterwards. */
export async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "layerfuse_test_" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Names in a folder, in order. */
export function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}
