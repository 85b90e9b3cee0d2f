/**
 * `deno task screenshots [PAGE.html…]`: pictures of the reports in `reports/` (or of the pages given), as a phone in the dark
 * and a desktop by day show them, and of JupyterLab with the first notebook, in `reports/screenshots/`.
 *
 * @module
 */
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { findChromium, withChromium } from "./chromium.ts";
import { visitLab } from "./lab_check.ts";
import { LAB_NEEDS } from "./lab.ts";
import { notebookPaths } from "./notebooks.ts";
import { pythonAtHand } from "./python.ts";
import { root } from "./root.ts";

const VIEWS = [{ name: "phone", width: 390, theme: "dark" }, { name: "desktop", width: 1280, theme: "light" }] as const;

const reports = fileURLToPath(new URL("reports/", root)), folder = `${reports}screenshots`;
const started = Deno.env.get("INIT_CWD") ?? Deno.cwd();
const pages = Deno.args.length > 0 ? Deno.args.map((path) => resolve(started, path)) : await written();
const chromium = findChromium();
if (!chromium) {
  console.error("There is no Chromium. Install it, or set LAYERFUSE_CHROMIUM to its path.");
  Deno.exit(1);
}
if (pages.length === 0) {
  console.error("There is no report in reports/; `deno task report` and `deno task reproduce` write some.");
}
await Deno.mkdir(folder, { recursive: true });
await withChromium(chromium, async (visit) => {
  for (const page of pages) {
    for (const { name, width, theme } of VIEWS) {
      const screenshot = `${folder}/${basename(page, ".html")}.${name}.png`;
      await visit({ url: `file://${page}`, width, theme, expression: "null", screenshot });
      console.log(screenshot);
    }
  }
});
if (Deno.args.length === 0 && await pythonAtHand(LAB_NEEDS)) {
  await visitLab(chromium, (await notebookPaths())[0], `${folder}/jupyterlab.png`);
  console.log(`${folder}/jupyterlab.png`);
}

async function written(): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(reports), ({ name }) => name).catch(() => []);
  return names.filter((name) => name.endsWith(".html")).sort().map((name) => reports + name);
}
