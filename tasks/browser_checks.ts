/**
 * What only a browser can tell: that the report of every notebook opens complete, offline and without a message on a phone
 * and on a desktop, and that JupyterLab shows the plots. Part of `deno task test`; skipped aloud where there is no Chromium,
 * failed where `LAYERFUSE_REQUIRE_BROWSER` is set.
 *
 * @module
 */
import { basename } from "node:path";
import { findChromium, withChromium } from "./chromium.ts";
import { visitLab } from "./lab_check.ts";
import { LAB_NEEDS } from "./lab.ts";
import { executedPath } from "./notebooks.ts";
import { pythonAtHand, pythonWith } from "./python.ts";
import { writeReport } from "./report.ts";
import { add, type Counts } from "./test_counts.ts";

const PASSED: Counts = { passed: 1, failed: 0, skipped: 0 };
const FAILED: Counts = { passed: 0, failed: 1, skipped: 0 };
const SKIPPED: Counts = { passed: 0, failed: 0, skipped: 1 };

/** What must hold of a page, as texts about what does not. */
const LOOK = `(() => {
  const problems = [];
  const say = (condition, text) => condition || problems.push(text);
  const shown = (node) => node.getClientRects().length > 0;
  const root = document.documentElement, all = (selector) => [...document.querySelectorAll(selector)];
  say(root.scrollWidth <= root.clientWidth, "it is " + (root.scrollWidth - root.clientWidth) + " px too wide");
  const cut = all(".scroll, .katex-display, .facts, figure").filter(shown).filter((node) => node.scrollWidth > node.clientWidth + 1);
  say(cut.length === 0, "it cuts " + cut.map((node) => node.textContent.trim().replace(/\\s+/g, " ").slice(0, 60)).join(" | "));
  say(all("h1").length === 1 && document.querySelector(".byline")?.textContent, "it has no title or no byline");
  say(all("figure svg").filter(shown).length > 0, "it shows no figure");
  say(all("math").filter(shown).every((math) => math.getBoundingClientRect().width > 0), "an equation has no width");
  say(!/\\$\\$|\\\\frac/.test(document.querySelector("main").innerText), "an equation is shown as its source");
  say(all("details.code").length > 0 && all("details.code").every((code) => !code.open), "its code is not folded");
  say(all(".katex-error").length === 0, "an equation is not understood");
  say(all("pre.error").length === 0, "a cell failed");
  say(all("table.environment, .environment table").length === 1, "it does not say where it ran");
  say(JSON.parse(document.querySelector("script#results").textContent).length > 0, "it has no data");
  const ids = all("[id]").map(({ id }) => id);
  say(new Set(ids).size === ids.length, "ids are used twice");
  return problems;
})()`;

/** Opens the reports of executed notebooks, and one notebook in JupyterLab. */
export async function browserChecks(paths: string[], options: { required: boolean }): Promise<Counts> {
  const chromium = findChromium();
  if (!chromium) {
    console.error(
      `\n${options.required ? "FAILED" : "SKIPPED"} reports and JupyterLab in a browser: there is no Chromium.`,
    );
    console.error("Install it, or set LAYERFUSE_CHROMIUM to its path.");
    const count = paths.length + 1;
    return { passed: 0, failed: options.required ? count : 0, skipped: options.required ? 0 : count };
  }
  let counts = await openReports(chromium, paths);
  counts = add(counts, await openLab(chromium, paths[0], options.required));
  return counts;
}

async function openReports(chromium: string, paths: string[]): Promise<Counts> {
  let counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  const folder = await Deno.makeTempDir();
  console.log("\nReports in Chromium");
  try {
    await withChromium(chromium, async (visit) => {
      for (const path of paths) {
        const found: string[] = [];
        const page = await writeReport(executedPath(path), { to: "html", folder });
        for (const width of [390, 1280]) {
          const seen = await visit({ url: `file://${page}`, width, theme: "light", expression: LOOK });
          const all = [...seen.messages, ...seen.requests.map((url) => `it asked for ${url}`), ...seen.value];
          found.push(...all.map((problem) => `at ${width} px: ${problem}`));
        }
        counts = add(counts, verdict(`the report of ${basename(path)}`, found));
      }
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return counts;
}

async function openLab(chromium: string, notebook: string, required: boolean): Promise<Counts> {
  console.log("\nJupyterLab in Chromium");
  const missing = required ? (await pythonWith(LAB_NEEDS)).missing : (await pythonAtHand(LAB_NEEDS) ? undefined : "");
  if (missing !== undefined) {
    console.error(
      required
        ? `JupyterLab ... FAILED: ${missing}`
        : "JupyterLab ... SKIPPED: it is not installed (deno task lab does that the first time).",
    );
    return required ? FAILED : SKIPPED;
  }
  try {
    const { outputs, plots, errors } = await visitLab(chromium, notebook);
    const empty = outputs.flatMap((types, index) => types.length === 0 ? [`cell ${index + 1} shows nothing`] : []);
    const failed = outputs.flatMap((types, index) => types.includes("error") ? [`cell ${index + 1} failed`] : []);
    const unseen = plots > 0 ? [] : ["the plot of the last cell is not to be seen"];
    const broken = errors === 0 ? [] : [`${errors} outputs cannot be rendered, and are shown as errors`];
    return verdict(`${basename(notebook)} in JupyterLab`, [...empty, ...failed, ...unseen, ...broken]);
  } catch (error) {
    return verdict(`${basename(notebook)} in JupyterLab`, [String(error)]);
  }
}

function verdict(what: string, problems: string[]): Counts {
  console.log(`${what} ... ${problems.length === 0 ? "ok" : "FAILED"}`);
  for (const problem of problems) console.log(problem.replace(/^/gm, "  "));
  return problems.length === 0 ? PASSED : FAILED;
}
