import { assert, assertEquals } from "@std/assert";
import { floatAttribute, newAttribute } from "../../src/graph/attribute.ts";
import { exportModel } from "../../src/graph/export.ts";
import { Node } from "../../src/graph/graph.ts";
import { Model } from "../../src/fusion/model.ts";
import { open } from "../../src/fusion/open.ts";
import { addOutput, newModel } from "../../src/graph/new_model.ts";
import { messageType } from "../../src/proto/schema.ts";
import { type Tensor, valuesOf, valueTensor } from "../../src/tensor/tensor.ts";

const weight = valueTensor("float32", [4, 8], Float64Array.from({ length: 32 }, (_, i) => i / 3));

function gemm(tensor: Tensor): Model {
  const model = newModel({
    name: "one_gemm",
    opset: 17,
    irVersion: 8,
    producer: "a test",
    metadata: { seed: "1" },
    inputs: [{ name: "x", type: "float32", shape: ["batch", 8] }],
  });
  const { graph } = model;
  const w = Object.assign(graph.value("w"), { initializer: tensor, type: tensor.type, shape: tensor.dims });
  const y = Object.assign(graph.value("y"), { type: "float32", shape: ["batch", 4] });
  const attributes = [floatAttribute("alpha", 0.1), newAttribute("transB", 1)];
  graph.addNode(
    new Node(graph, { opType: "Gemm", name: "fc", inputs: [graph.inputs[0], w], outputs: [y], attributes }),
  );
  addOutput(model, y);
  return Model.from(exportModel(model), "gemm");
}

Deno.test("a new model is a whole ONNX model, and reads back as it was made", async () => {
  const bytes = await gemm(weight).bytes();
  const type = messageType("ModelProto");
  const proto = type.toObject(type.decode(bytes), { longs: Number });
  assertEquals([proto.ir_version, proto.producer_name], [8, "a test"]);
  assertEquals(proto.opset_import, [{ domain: "", version: 17 }]);
  assertEquals(proto.metadata_props, [{ key: "seed", value: "1" }]);
  assertEquals(proto.graph.name, "one_gemm");
  const model = await open(bytes);
  assertEquals(model.inputs, [{ name: "x", type: "float32", shape: ["batch", 8] }]);
  assertEquals(model.outputs, [{ name: "y", type: "float32", shape: ["batch", 4] }]);
  assertEquals(model.nodes, [{ name: "fc", opType: "Gemm", inputs: ["x", "w"], outputs: ["y"] }]);
  const [node] = model.graphs().graph.nodes;
  assertEquals(node.number("alpha", 1), Math.fround(0.1));
  assertEquals(node.number("transB", 0), 1);
});

Deno.test("a weight that is computed can be read before the model is saved, as its file will have it", () => {
  const read = gemm(weight).graphs().graph.values.get("w")!.initializer!;
  assertEquals(valuesOf(read), valuesOf(weight).map(Math.fround));
  const part = new Float64Array(5);
  read.read(9, part);
  assertEquals(part, valuesOf(weight).slice(9, 14).map(Math.fround));
  const most = Math.fround(31 / 3);
  assert(read.bound() >= most && read.bound() < 1.01 * most, `bound ${read.bound()}`);
});

Deno.test("float attributes keep whole numbers floats, and say what they hold", () => {
  const type = messageType("AttributeProto");
  const decode = (bytes: Uint8Array) => type.toObject(type.decode(bytes));
  assertEquals(decode(floatAttribute("epsilon", 1).bytes), { name: "epsilon", type: 1, f: 1 });
  assertEquals(decode(floatAttribute("scales", [1, 2]).bytes), { name: "scales", type: 6, floats: [1, 2] });
  assert(floatAttribute("epsilon", 1e-5).value === Math.fround(1e-5));
});
