import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  fusionPicture,
  type GraphNode,
  graphPicture,
  type GraphShape,
  renderPng,
  renderReport,
  reportDisplay,
  rewriteKinds,
} from "../../src/plot/mod.ts";
import { fusionGroups } from "../../src/plot/fusion_groups.ts";
import { HOSTILE, sampleComparison, sampleFusion } from "./sample.ts";
import { assertSnapshotFile } from "./snapshot.ts";

const node = (name: string, opType: string, inputs: string[], outputs: string[]): GraphNode => ({
  name,
  opType,
  inputs,
  outputs,
});

/** Two residual blocks: conv, batch normalization, relu, with the block's input added. */
function blocks(fused: boolean): GraphShape {
  const nodes = [0, 1].flatMap((block) => {
    const from = `x${block}`, to = `x${block + 1}`, conv = `b${block}.conv`, bn = `b${block}.bn`;
    return [
      ...(fused ? [node(conv, "Conv", [from, "w"], [`n${block}`])] : [
        node(conv, "Conv", [from, "w"], [`c${block}`]),
        node(bn, "BatchNormalization", [`c${block}`, "s", "b", "m", "v"], [`n${block}`]),
      ]),
      node(`b${block}.relu`, "Relu", [`n${block}`], [`r${block}`]),
      node(`b${block}.add`, "Add", [`r${block}`, from], [to]),
    ];
  });
  return { nodes, inputs: ["x0"], outputs: ["x2"] };
}

const report = {
  applied: [0, 1].map((block) => ({
    rule: "fuse-affine-into-layer",
    nodes: [`b${block}.bn`, `b${block}.conv`],
    result: `n${block}`,
  })),
};

for (const width of [640, 345]) {
  Deno.test(`fusionPicture() is the committed SVG at ${width} px`, async () => {
    await assertSnapshotFile(
      `${fusionPicture(blocks(false), blocks(true), report, { width }).svg}\n`,
      `fusion_picture_${width}.svg`,
    );
  });
}

Deno.test("graphPicture() is the committed SVG", async () => {
  await assertSnapshotFile(`${graphPicture(blocks(false), { title: "Two blocks" }).svg}\n`, "graph_picture.svg");
});

Deno.test("fusionPicture() links fused nodes to the row of the rewrite, and draws the neighbours unlinked", () => {
  const { svg } = fusionPicture(blocks(false), blocks(true), report, { rewrite: 1 });
  const links = [...svg.matchAll(/<a href="([^"]*)"><g><title>([^<]*)</g)].map(([, href, title]) => `${title} ${href}`);
  assertEquals(links, ["Conv b1.conv #applied-1", "BatchNormalization b1.bn #applied-1", "Conv b1.conv #applied-1"]);
  assertStringIncludes(svg, "<title>Relu b1.relu</title>");
  assert(!svg.includes("b0.conv"), "a node two steps away was drawn");
  assertStringIncludes(svg, "One of 2 places that look like this");
});

Deno.test("fusionPicture() draws the whole graphs when asked", () => {
  const { svg } = fusionPicture(blocks(false), blocks(true), report, { whole: true });
  for (const name of ["b0.conv", "b1.bn", "b0.add", "b1.add"]) assertStringIncludes(svg, ` ${name}</title>`);
  assertStringIncludes(svg, "8 nodes before, 6 after");
});

Deno.test("fusionPicture() refuses a rewrite that the report does not have", () => {
  assertThrows(
    () => fusionPicture(blocks(false), blocks(true), report, { rewrite: 2 }),
    RangeError,
    "the report has 2",
  );
});

Deno.test("fusionGroups() joins rewrites that share a node, a result, or a result used up later", () => {
  const before: GraphShape = {
    nodes: [
      node("conv", "Conv", ["x"], ["c"]),
      node("", "Mul", ["c", "k"], ["m"]),
      node("bn", "BatchNormalization", ["m"], ["n"]),
      node("other", "Conv", ["n"], ["o"]),
    ],
  };
  const after: GraphShape = { nodes: [node("fresh", "Conv", ["x"], ["n"]), node("other", "Conv", ["n"], ["o"])] };
  const applied = [
    { rule: "a", nodes: ["conv", "Mul → m"], result: "m" },
    { rule: "b", nodes: ["made by a", "bn"], result: "n" },
  ];
  assertEquals(fusionGroups(before, after, { applied }), [
    { applied: [0, 1], before: [0, 1, 2], after: [0], kind: "a b | Conv Mul BatchNormalization | Conv" },
  ]);
});

Deno.test("fusionGroups() takes along what went because nothing reads it any more", () => {
  const layer = node("layer", "MatMul", ["h", "w"], ["y"]);
  const before: GraphShape = {
    nodes: [
      node("cast", "Cast", ["i"], ["j"]),
      node("hot", "OneHot", ["j", "d"], ["h"]),
      node("kept", "Relu", ["i"], ["r"]),
      { ...layer, inputs: ["h", "w", "r"] },
    ],
  };
  const after: GraphShape = { nodes: [before.nodes[2], node("rows", "Gather", ["t", "i", "r"], ["y"])] };
  const [group] = fusionGroups(before, after, { applied: [{ rule: "look-up-rows", nodes: ["layer"], result: "y" }] });
  assertEquals([group.before, group.after], [[0, 1, 3], [1]]);
});

Deno.test("fusionGroups() has the layers that took a carried map, made anew under their names, among what became", () => {
  const before: GraphShape = {
    nodes: [
      node("mul", "Mul", ["x", "s"], ["m"]),
      node("relu", "Relu", ["m"], ["r"]),
      node("conv", "Conv", ["r"], ["y"]),
    ],
  };
  const after: GraphShape = { nodes: [node("relu", "Relu", ["x"], ["r"]), node("conv", "Conv", ["r"], ["y"])] };
  const applied = [{ rule: "carry-affine-to-layers", nodes: ["mul", "conv"], result: "m" }];
  const [group] = fusionGroups(before, after, { applied });
  assertEquals([group.before, group.after], [[0, 2], [1]]);
});

Deno.test("rewriteKinds() counts places that look alike, the most frequent first", () => {
  assertEquals(rewriteKinds(blocks(false), blocks(true), report), [{ rewrite: 0, places: 2 }]);
});

Deno.test("a rewrite that leaves no node is drawn with its neighbours before and after", () => {
  const before: GraphShape = {
    nodes: [node("id", "Identity", ["w"], ["w2"]), node("conv", "Conv", ["x", "w2"], ["y"])],
  };
  const after: GraphShape = { nodes: [node("conv", "Conv", ["x", "w2"], ["y"])] };
  const { svg } = fusionPicture(before, after, {
    applied: [{ rule: "normalise-constants", nodes: ["id"], result: "w2" }],
  });
  assertEquals(svg.split("<title>Conv conv</title>").length - 1, 2);
});

Deno.test("graphPicture() draws a long graph's beginning and says so", () => {
  const nodes = Array.from({ length: 12 }, (_, index) => node(`n${index}`, "Relu", [`v${index}`], [`v${index + 1}`]));
  const { svg } = graphPicture({ nodes }, { limit: 5 });
  assertStringIncludes(svg, "The first 5 of 12 nodes");
  assertStringIncludes(svg, "Relu n4</title>");
  assert(!svg.includes("Relu n5"));
});

Deno.test("an empty graph is a picture too", async () => {
  await renderPng(graphPicture({ nodes: [] }).svg);
});

Deno.test("names out of a model are escaped in graph pictures, which stay well-formed", async () => {
  const before: GraphShape = {
    nodes: [node(HOSTILE, HOSTILE, ["x", HOSTILE], [`${HOSTILE}y`])],
    inputs: ["x", HOSTILE],
    outputs: [`${HOSTILE}y`],
  };
  const { svg } = fusionPicture(before, before, {
    applied: [{ rule: HOSTILE, nodes: [HOSTILE], result: `${HOSTILE}y` }],
  });
  assert(!/<(script|img)/i.test(svg), "markup of a name reached the SVG");
  assertStringIncludes(svg, "&lt;/script&gt;");
  await renderPng(svg, { scale: 0.5 });
});

Deno.test("a report with graphs and a display with graphs show a picture of each kind of rewrite", () => {
  const graphs = { before: blocks(false), after: blocks(true) };
  const fusion = { ...sampleFusion(), ...report };
  const page = renderReport({ comparison: sampleComparison(), fusion, graphs });
  assertEquals(page.match(/<a href="#applied-0">/g)?.length, 6, "three fused nodes, wide and narrow");
  const shown = reportDisplay(fusion, graphs)["text/html"];
  assertEquals(shown.match(/<figure>/g)?.length, 1, "the same picture");
  assertEquals(shown.includes("<a href"), false, "without links, which JupyterLab cannot render in an SVG");
  assertStringIncludes(page, 'id="applied-0"');
});

Deno.test("pictures leave out nodes that only make weights, and rewrites of constants alone are no kind of their own", () => {
  const node = (opType: string, inputs: string[], output: string) => ({
    name: output,
    opType,
    inputs,
    outputs: [output],
  });
  const before = {
    inputs: ["x"],
    outputs: ["y"],
    nodes: [
      node("Constant", [], "shared"),
      node("Identity", ["shared"], "scale"),
      node("Conv", ["x", "w"], "c"),
      node("Mul", ["c", "scale"], "y"),
    ],
  };
  const after = { inputs: ["x"], outputs: ["y"], nodes: [node("Conv", ["x", "w2"], "y")] };
  const applied = [
    { rule: "normalise-constants", nodes: ["shared"], result: "shared" },
    { rule: "normalise-constants", nodes: ["scale"], result: "scale" },
    { rule: "fuse-affine-into-layer", nodes: ["c", "y"], result: "y" },
  ];
  assertEquals(rewriteKinds(before, after, { applied }), [{ rewrite: 2, places: 1 }]);
  const { title, svg } = fusionPicture(before, after, { applied });
  assertEquals(title, "fuse-affine-into-layer");
  assert(!svg.includes("Constant") && !svg.includes("Identity"));
  assertStringIncludes(svg, '<a href="#applied-2">');
  assertStringIncludes(fusionPicture(before, after, { applied }, { rewrite: 0 }).svg, "Constant");
  assertStringIncludes(fusionPicture(before, after, { applied }, { whole: true }).svg, "Identity");
});
