import { assert, assertEquals } from "@std/assert";
import { comparisonDisplay, renderReport } from "../../src/plot/mod.ts";
import { findChromium, withChromium } from "../../tasks/chromium.ts";
import { allDrawings } from "./drawings.ts";
import { sampleComparison, sampleFusion, sampleRules } from "./sample.ts";

const chromium = findChromium();
if (!chromium) {
  if (Deno.env.has("LAYERFUSE_REQUIRE_BROWSER")) throw new Error("there is no Chromium, and it is required");
  console.warn(
    "Chromium was not found: the tests that open reports in it are skipped. Install it or set LAYERFUSE_CHROMIUM.",
  );
}

/** Everything wider than the page, and every text smaller than 9 px as it is shown. */
const LOOK = `(() => {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const shown = (node) => node.getClientRects().length > 0;
  const small = [...document.querySelectorAll("figure svg text")].filter(shown).filter((node) => {
    const svg = node.ownerSVGElement.closest("figure svg.lf-plot");
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    return parseFloat(getComputedStyle(node).fontSize) * scale < 9;
  }).map((node) => node.textContent);
  const plots = [...document.querySelectorAll("figure svg.lf-plot")].filter(shown).length;
  const cut = [...document.querySelectorAll(".scroll, .facts, figure")].filter(shown)
    .filter((node) => node.scrollWidth > node.clientWidth + 1).map((node) => node.textContent.trim().slice(0, 80));
  return { wide, small, cut, plots, background: getComputedStyle(document.body).backgroundColor };
})()`;

Deno.test({
  name:
    "Chromium opens a report at phone and desktop width, light and dark: no message, no request, nothing too wide or too small",
  ignore: !chromium,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const comparison = sampleComparison(), fusion = sampleFusion(), { outputs } = comparison.error;
    const long = "If_0_else_branch__Inline_0__/decoder/".repeat(3), code = "not-constant" as const;
    const measures = Object.values(outputs)[0];
    comparison.error.outputs = { [long]: measures, other: measures };
    comparison.error.worst = [long, "other"].map((output) => ({ output, input: "normal", ...measures }));
    comparison.notes.push(`cannot start: ${long}: it failed`);
    fusion.skipped.push(
      { rule: "r", node: long, code, reason: `'${long}' is not constant` },
      { rule: "r", node: "n", code, reason: `'n' is not constant` },
    );
    const report = { comparison, fusion, rules: sampleRules() };
    await Deno.writeTextFile(`${folder}/report.html`, renderReport(report));
    try {
      await withChromium(chromium!, async (visit) => {
        for (const width of [390, 1280]) {
          for (const theme of ["light", "dark"] as const) {
            const { messages, requests, value } = await visit({
              url: `file://${folder}/report.html`,
              width,
              theme,
              expression: LOOK,
            });
            assertEquals({ messages, requests }, { messages: [], requests: [] });
            assertEquals(value, {
              wide: 0,
              small: [],
              cut: [],
              plots: 8,
              background: theme === "light" ? "rgb(246, 247, 249)" : "rgb(15, 17, 21)",
            });
          }
        }
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "a display has the theme of the program around it, JupyterLab or VS Code, whatever the system's is",
  ignore: !chromium,
  fn: async () => {
    const themes = {
      'data-jp-theme-light="true"': "light",
      'data-jp-theme-light="false"': "dark",
      'data-vscode-theme-kind="vscode-light"': "light",
      'data-vscode-theme-kind="vscode-high-contrast-light"': "light",
      'data-vscode-theme-kind="vscode-dark"': "dark",
      'data-vscode-theme-kind="vscode-high-contrast"': "dark",
    };
    const html = comparisonDisplay(sampleComparison())["text/html"];
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/cell.html`, `<!doctype html><meta charset="utf-8"><body>${html}</body>`);
      await withChromium(chromium!, async (visit) => {
        for (const system of ["light", "dark"] as const) {
          const { value } = await visit({
            url: `file://${folder}/cell.html`,
            width: 800,
            theme: system,
            expression: `${JSON.stringify(Object.keys(themes))}.map((attribute) => {
              const [name, value] = attribute.split("=");
              document.body.setAttribute(name, JSON.parse(value));
              const colours = ["background-color", "color"].map((property) =>
                getComputedStyle(document.querySelector(".lf.display")).getPropertyValue(property));
              document.body.removeAttribute(name);
              return colours;
            })`,
          });
          const [light, dark] = [["rgb(246, 247, 249)", "rgb(26, 30, 36)"], ["rgb(15, 17, 21)", "rgb(233, 235, 238)"]];
          assertEquals(value, Object.values(themes).map((theme) => theme === "light" ? light : dark), system);
        }
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** Pairs of texts that overlap as the browser draws them, and texts that leave their plot. */
const OVERLAPS = `(() => {
  const found = [];
  for (const svg of document.querySelectorAll("svg.lf-plot")) {
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll("text")].map((node) => ({ text: node.firstChild?.textContent ?? "", box: node.getBoundingClientRect() }))
      .filter(({ text }) => text.trim() !== "");
    for (const [index, { text, box }] of texts.entries()) {
      if (box.left < frame.left - 0.5 || box.right > frame.right + 0.5) found.push(text + " leaves the plot");
      for (const other of texts.slice(index + 1)) {
        const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
        const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
        if (across > 0 && down > 5) found.push(text + " | " + other.text);
      }
    }
  }
  return found;
})()`;

Deno.test({
  name: "no labels overlap in any plot as Chromium draws it",
  ignore: !chromium,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      await withChromium(chromium!, async (visit) => {
        for (const width of [340, 640]) {
          const plots = allDrawings(width).map(({ drawing }) => drawing.svg);
          await Deno.writeTextFile(`${folder}/plots.html`, `<!doctype html><meta charset="utf-8">${plots.join("\n")}`);
          const { value } = await visit({
            url: `file://${folder}/plots.html`,
            width: 800,
            theme: "light",
            expression: OVERLAPS,
          });
          assertEquals(value, []);
          assert(plots.length === 9);
        }
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
