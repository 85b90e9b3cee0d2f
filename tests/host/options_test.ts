import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as all from "../../mod.ts";
import * as bench from "../../src/bench/mod.ts";
import * as examples from "../../src/examples/mod.ts";
import * as fusion from "../../src/fusion/mod.ts";
import * as models from "../../src/models/mod.ts";
import * as plot from "../../src/plot/mod.ts";
import { checked, OptionError, optionsOf } from "../../src/host/options.ts";
import { fixture } from "../bench/fixture.ts";

const names = { seconds: true, levels: true } as const;

Deno.test("checked() gives the options back, and optionsOf() those that a function has", () => {
  const options = { seconds: 3 };
  assertEquals(checked("f", options, names as never), options);
  assertEquals(optionsOf({ seconds: 3, other: 1 }, names as never), { seconds: 3 });
});

Deno.test("checked() names the nearest option, none where none is near, and refuses what is no object", () => {
  const refused = (options: unknown, message: string) =>
    assertThrows(() => checked("f", options as object, names as never), OptionError, message);
  refused({ second: 3 }, "f(): there is no option 'second'; did you mean 'seconds'? Its options are seconds, levels.");
  refused({ LEVELS: [] }, "did you mean 'levels'?");
  refused({ zzzzz: 1 }, "f(): there is no option 'zzzzz'. Its options");
  refused({ toString: 1 }, "f(): there is no option 'toString'");
  refused(20, "f(): the options are 20, expected an object of seconds, levels");
  refused(["all"], 'the options are ["all"]');
  refused(null, "the options are null");
});

/** Every function that the entry points export, the shorter name of those that several export. */
const exported = new Map<string, (...args: never[]) => unknown>();
for (const entry of [all, fusion, bench, plot, models, examples]) {
  for (const [name, value] of Object.entries(entry)) {
    const isClass = typeof value === "function" && /^class\b/.test(String(value));
    if (typeof value === "function" && !isClass) exported.set(name, value as () => unknown);
  }
}

/** Functions without options: all that they take are values, each in its place, or data under names that the caller chooses. */
const WITHOUT = new Set([
  ...[
    "addToBaseline",
    "answers",
    "classCount",
    "classifyLines",
    "compareReadings",
    "textDirectionClassifier",
    "comparisonDisplay",
    "comparisonMarkdown",
    "comparisonText",
  ],
  ...["countOutliers", "defaultInputShape", "describe", "diffComparisons", "errorDisplay", "familyOverview"],
  ...[
    "familyShape",
    "feeding",
    "fusionMarkdown",
    "gateExitCode",
    "gateMarkdown",
    "gateRows",
    "gateSentence",
    "gateSpeed",
  ],
  ...["htmlEnvironment", "htmlFacts", "htmlInterval", "htmlLatency", "htmlLevels", "htmlMachine", "imagenetImage"],
  ...["intervalAt", "isSlowerByMoreThan", "judgePair", "linesTensor", "listRules", "lostOperators", "lostSentence"],
  ...[
    "measureError",
    "medianSentence",
    "modelDisplay",
    "modelSource",
    "otherMachine",
    "outcomeOf",
    "parseArchitecture",
  ],
  ...["parseBaseline", "parseComparison", "parseGateFile", "parseProvider", "parseShape", "parseShare", "progressLine"],
  ...["remarksOf", "reportDisplay", "resolveProvider", "rewriteKinds", "settings", "stopOnInterrupt"],
  ...["summariseErrors", "textLines", "textTable", "toGithubActionBenchmark", "toJUnit", "toMarkdown", "topLabels"],
  ...["tryModel", "withData", "withFlush"],
]);

Deno.test("every exported function that takes options refuses one that it does not have, before it does anything", async () => {
  const wrong = { zzz: 1 } as never, model = fixture("fashion_resnet");
  const opened = await all.open(model);
  const calls: Record<string, () => unknown> = {
    open: () => all.open("nowhere.onnx", wrong),
    fuse: () => all.fuse("nowhere.onnx", wrong),
    explain: () => all.explain("nowhere.onnx", wrong),
    save: () => opened.save("/nowhere/a.onnx", wrong),
    layersOf: () => all.layersOf(opened, wrong),
    build: () => all.build("resnet18", wrong),
    compare: () => all.compare("nowhere.onnx", "nowhere.onnx", wrong),
    verdictOf: () => bench.verdictOf("nowhere.onnx", "nowhere.onnx", wrong),
    contributions: () => bench.contributions("nowhere.onnx", {}, wrong),
    registerComparison: () => all.registerComparison("a", "nowhere.onnx", "nowhere.onnx", wrong),
    denoBench: () => all.denoBench("nowhere.ts", wrong),
    openSession: () => bench.openSession("nowhere.onnx", wrong),
    asRunOperators: () => bench.asRunOperators("nowhere.onnx", "all", wrong),
    describeEnvironment: () => bench.describeEnvironment(wrong),
    timePair: () => bench.timePair(() => {}, () => {}, wrong),
    evidenceOf: () => bench.evidenceOf([], wrong),
    decide: () => bench.decide({} as never, wrong),
    judge: () => bench.judge([], wrong),
    judgeError: () => bench.judgeError({} as never, 1e-4, wrong),
    gate: () => bench.gate({} as never, wrong),
    randomInputs: () => bench.randomInputs([], wrong),
    readInputs: () => bench.readInputs("nowhere", [], wrong),
    demonstrate: () => examples.demonstrate("layer-after-layer", wrong),
    fashionNetworks: () => examples.fashionNetworks("nowhere", wrong),
    familyModel: () => examples.familyModel("layer-after-layer", wrong),
    linesPicture: () => examples.linesPicture([], wrong),
    pretrainedNetworks: () => examples.pretrainedNetworks(wrong),
    distribution: () => all.distribution([], wrong),
    errorHistogram: () => all.errorHistogram({} as never, wrong),
    fusionPicture: () => all.fusionPicture(opened, opened, { applied: [] }, wrong),
    fusionText: () => plot.fusionText({} as never, wrong),
    graphPicture: () => all.graphPicture(opened, wrong),
    layerCosts: () => all.layerCosts({ before: [] }, wrong),
    levelBars: () => all.levelBars([], wrong),
    opCounts: () => all.opCounts({} as never, wrong),
    opTimes: () => all.opTimes({} as never, wrong),
    ratioRounds: () => all.ratioRounds([], wrong),
    ruleSpeedups: () => plot.ruleSpeedups([], wrong),
    ulpHistogram: () => all.ulpHistogram([], wrong),
    htmlFigure: () => plot.htmlFigure(() => undefined, wrong),
    htmlTable: () => plot.htmlTable([], [], wrong),
    renderPage: () => plot.renderPage(wrong),
    renderPairs: () => plot.renderPairs(wrong),
    renderPng: () => plot.renderPng("<svg/>", wrong),
    renderReport: () => all.renderReport(wrong),
    savePlot: () => all.savePlot("<svg/>", "/nowhere/a.png", wrong),
  };
  for (const [name, call] of Object.entries(calls)) {
    await assertRejects(async () => await call(), all.OptionError, `${name}(): there is no option 'zzz'`);
  }
  const known = new Set([...Object.keys(calls), ...WITHOUT]);
  assertEquals([...exported.keys()].filter((name) => !known.has(name)), [], "neither refuses options nor has none");
  assertEquals([...WITHOUT].filter((name) => !exported.has(name)), []);
  await assertRejects(() => all.compare(model, model, 20 as never), all.OptionError, "compare(): the options are 20");
  await assertRejects(
    () => all.fuse(model, { aggresive: true } as never),
    all.OptionError,
    "did you mean 'aggressive'?",
  );
});
