/**
 * JupyterLab as a reader meets it: `deno task lab` opened in a headless Chromium, a notebook run from its first cell to its
 * last, and what the cells show looked at.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { withChromium } from "./chromium.ts";
import { root } from "./root.ts";

/** What JupyterLab showed of a notebook after running all of it. */
export interface LabVisit {
  /** Outputs of each code cell, by type. */
  outputs: string[][];
  /** Plots in the last cell that are drawn with a size. */
  plots: number;
  /** Outputs that JupyterLab shows as an error, since it cannot render them. */
  errors: number;
}

/** Settings under which the notebook is quick. */
const QUICK = { LAYERFUSE_ARCHITECTURE: "resnet18", LAYERFUSE_SIZE: "64", LAYERFUSE_SECONDS: "1" };
const PATIENCE = 240_000;

const CELLS = `[...jupyterapp.shell.currentWidget.content.model.cells].filter((cell) => cell.type === "code")`;
/** The notebook is open and its kernel is ready. */
const READY = `globalThis.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel?.status === "idle"`;
/** Every code cell has run (or one has failed), nothing is under way. */
const DONE = `(() => {
  const cells = ${CELLS};
  const failed = cells.some((cell) => cell.outputs.toJSON().some((output) => output.output_type === "error"));
  return failed || cells.every((cell) => cell.executionCount !== null && cell.executionState !== "running");
})()`;
const LOOK = `(async () => {
  const { content } = jupyterapp.shell.currentWidget;
  const last = content.widgets.findLastIndex((cell) => cell.model.type === "code");
  await content.scrollToItem(last, "end");
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const plots = [...content.widgets[last].node.querySelectorAll(".jp-OutputArea-output svg, .jp-OutputArea-output img")];
  return {
    outputs: ${CELLS}.map((cell) => cell.outputs.toJSON().map((output) => output.output_type)),
    plots: plots.filter((plot) => plot.getBoundingClientRect().height > 100).length,
    errors: content.widgets.flatMap(({ node }) => [
      ...node.querySelectorAll(".jp-OutputArea-executeResult [data-mime-type='application/vnd.jupyter.stderr']"),
    ]).length,
  };
})()`;

/** Runs a copy of `notebook` in JupyterLab and tells what was seen; `screenshot` names a PNG to write. */
export async function visitLab(chromium: string, notebook: string, screenshot?: string): Promise<LabVisit> {
  const name = "lab_check.ipynb", copy = new URL(`reports/${name}`, root); // beside mod.ts, as notebooks/ is
  await Deno.mkdir(new URL(".", copy), { recursive: true });
  await Deno.copyFile(notebook, copy);
  const port = freePort(), token = crypto.randomUUID();
  const settings = await Deno.makeTempDir();
  const lab = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      fileURLToPath(new URL("tasks/lab.ts", root)),
      "--no-browser",
      `--notebook-dir=${fileURLToPath(new URL(".", copy))}`,
      `--ServerApp.port=${port}`,
      "--ServerApp.port_retries=0",
      `--IdentityProvider.token=${token}`,
      "--LabApp.expose_app_in_browser=True",
    ],
    env: { ...QUICK, JUPYTER_CONFIG_DIR: settings },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let said = "";
  const log = lab.stderr.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({ write: (text) => void (said += text) }),
  );
  try {
    const address = `http://127.0.0.1:${port}`;
    await answers(`${address}/api/status?token=${token}`, () => said);
    return await withChromium(chromium, async (visit) => {
      const { value } = await visit({
        url: `${address}/lab/tree/${name}?token=${token}&reset`,
        width: 1280,
        theme: "light",
        until: `${READY} && (globalThis.started ??= jupyterapp.commands.execute("notebook:run-all-cells"), ${DONE})`,
        patience: PATIENCE,
        expression: LOOK,
        screenshot,
      });
      return value;
    });
  } finally {
    await fetch(`http://127.0.0.1:${port}/api/shutdown`, {
      method: "POST",
      headers: { Authorization: `token ${token}` },
    }).then((response) => response.body?.cancel()).catch(() => stop(lab));
    await lab.status;
    await log;
    await Deno.remove(settings, { recursive: true });
    await Deno.remove(copy).catch(() => {});
  }
}

function stop(child: Deno.ChildProcess): void {
  try {
    child.kill();
  } catch { /* it has ended by itself */ }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Waits until a server answers. */
async function answers(url: string, said: () => string): Promise<void> {
  for (let wait = 0; wait < 120; wait++) {
    const response = await fetch(url).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`JupyterLab did not start:\n${said()}`);
}
