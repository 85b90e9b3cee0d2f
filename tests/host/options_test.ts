import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  build,
  compare,
  denoBench,
  explain,
  fuse,
  graphPicture,
  levelBars,
  open,
  registerComparison,
  renderReport,
  savePlot,
} from "../../mod.ts";
import { contributions, openSession, randomInputs, readInputs, timePair, verdictOf } from "../../src/bench/mod.ts";
import { demonstrate } from "../../src/examples/mod.ts";
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

Deno.test("every function of the library that takes options refuses one that it does not have, before it does anything", async () => {
  const wrong = { zzz: 1 } as never, model = fixture("fashion_resnet");
  const opened = await open(model);
  const calls: Record<string, () => unknown> = {
    open: () => open("nowhere.onnx", wrong),
    fuse: () => fuse("nowhere.onnx", wrong),
    explain: () => explain("nowhere.onnx", wrong),
    save: () => opened.save("/nowhere/a.onnx", wrong),
    build: () => build("resnet18", wrong),
    compare: () => compare("nowhere.onnx", "nowhere.onnx", wrong),
    verdictOf: () => verdictOf("nowhere.onnx", "nowhere.onnx", wrong),
    contributions: () => contributions("nowhere.onnx", {}, wrong),
    registerComparison: () => registerComparison("a", "nowhere.onnx", "nowhere.onnx", wrong),
    denoBench: () => denoBench("nowhere.ts", wrong),
    openSession: () => openSession("nowhere.onnx", wrong),
    timePair: () => timePair(() => {}, () => {}, wrong),
    randomInputs: () => randomInputs([], wrong),
    readInputs: () => readInputs("nowhere", [], wrong),
    demonstrate: () => demonstrate("layer-after-layer", wrong),
    levelBars: () => levelBars([], wrong),
    graphPicture: () => graphPicture(opened, wrong),
    savePlot: () => savePlot("<svg/>", "/nowhere/a.png", wrong),
    renderReport: () => renderReport(wrong),
  };
  for (const [name, call] of Object.entries(calls)) {
    await assertRejects(async () => await call(), OptionError, `${name}(): there is no option 'zzz'`);
  }
  await assertRejects(() => compare(model, model, 20 as never), OptionError, "compare(): the options are 20");
  await assertRejects(() => fuse(model, { aggresive: true } as never), OptionError, "did you mean 'aggressive'?");
});
