/**
 * `deno task peers [--seconds S] [--only NETWORK,…] [--out FILE]`: layerfuse beside other rewriters of networks, written to
 * docs/peers.md. It needs Python with the packages of requirements.txt, and installs them into `.venv-peers` where none at hand has them.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { measuredCli } from "../../bench/measured_cli.ts";
import config from "../../deno.json" with { type: "json" };
import { type Architecture, build, compare, defaultInputShape, layersOf, open } from "../../mod.ts";
import { pythonWith } from "../python.ts";
import { root } from "../root.ts";
import { type PeerResult, PEERS, type PeersPage, peersPage } from "./table.ts";
import { taskOptions } from "../task_options.ts";

/** Networks, and whether torchvision has a module of the same weights. */
const NETWORKS: readonly (readonly [Architecture, boolean])[] = [
  ["mobilenet_v2", true],
  ["densenet121", true],
  ["repvgg_a0", false],
  ["mobileone_s0", false],
  ["lora_transformer", false],
];

/** What stands for numbers where there are none. */
const NOTHING = { batchNormalizations: 0, nodes: 0, macs: 0 };

const OUT = fileURLToPath(new URL("docs/peers.md", root));
const { values } = await taskOptions(import.meta.url, {
  options: {
    seconds: { type: "string", default: "20" },
    only: { type: "string" },
    out: { type: "string", default: OUT },
  },
});
const script = fileURLToPath(new URL("rewrite.py", import.meta.url));
const python = await pythonWith({
  check: "import onnx, onnxoptimizer, onnxruntime, onnxscript, onnxsim, onnxslim, torch, torchvision",
  requirements: "peers/requirements.txt",
  venv: ".venv-peers",
});
if (python.path === undefined) {
  console.error(`peers: ${python.missing}`);
  Deno.exit(1);
}
const interpreter = python.path, seconds = Number(values.seconds);
const only = values.only?.split(",");
const unknown = only?.find((name) => !NETWORKS.some(([network]) => network === name));
if (unknown !== undefined || !(seconds > 0)) {
  const names = NETWORKS.map(([name]) => name).join(", ");
  console.error(
    unknown === undefined
      ? `peers: --seconds ${values.seconds}`
      : `peers: network '${unknown}': expected one of ${names}`,
  );
  Deno.exit(2);
}

const versions: Record<string, string> = { layerfuse: config.version };
const networks: Record<string, PeerResult[]> = {};
let environment: PeersPage["environment"] | undefined;
for (const [network, isTorchvision] of NETWORKS) {
  if (only && !only.includes(network)) continue;
  const folder = await Deno.makeTempDir({ prefix: "layerfuse-peers-" });
  try {
    networks[network] = await beside(network, isTorchvision, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
await Deno.writeTextFile(values.out, peersPage({ networks, versions, environment: environment!, seconds }));
await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", values.out] }).output();
console.log(values.out);

/** One network, as it is and by every rewriter. */
async function beside(network: Architecture, isTorchvision: boolean, folder: string): Promise<PeerResult[]> {
  const original = `${folder}/original.onnx`, weights = `${folder}/weights.pth`;
  if (isTorchvision) await runPython("weights", network, weights);
  await (await build(network, isTorchvision ? { weights } : {})).save(original);
  const results = [{ tool: "as it is", ...await counted(original, network) } as PeerResult];
  for (const { name } of PEERS) {
    const out = `${folder}/${name}.onnx`, isFx = name === "torch.fx";
    results.push(
      isFx && !isTorchvision
        ? { ...NOTHING, tool: name, failure: "no PyTorch module" }
        : await row(network, name, original, out, async () => {
          const { version, ...cost } = JSON.parse(
            await runPython(name, ...isFx ? [network, weights] : [original], out),
          );
          versions[name] = version;
          return cost;
        }),
    );
    console.log(network, results.at(-1)!.tool, results.at(-1)!.nodes, results.at(-1)!.failure ?? "");
  }
  const out = `${folder}/layerfuse.onnx`;
  results.push(
    await row(network, "**layerfuse**", original, out, async () => {
      const { ownSeconds, ownPeakMB } = await measuredCli(folder, "fuse", original, "-o", out);
      return { seconds: ownSeconds, peakMB: ownPeakMB };
    }),
  );
  console.log(network, results.at(-1)!.tool, results.at(-1)!.nodes, results.at(-1)!.failure ?? "");
  return results;
}

async function row(
  network: Architecture,
  tool: string,
  original: string,
  out: string,
  rewrite: () => Promise<PeerResult["cost"]>,
): Promise<PeerResult> {
  try {
    const cost = await rewrite();
    const comparison = await compare(original, out, {
      levels: ["all"],
      shape: defaultInputShape(network),
      distributions: ["normal"],
      profile: false,
      seconds,
    });
    environment ??= comparison.environment;
    return {
      tool,
      ...await counted(out, network),
      level: comparison.levels[0],
      error: comparison.error.relativeL2,
      cost,
    };
  } catch (error) {
    console.error(`${network}, ${tool}: ${error instanceof Error ? error.message : error}`);
    return { ...NOTHING, tool, failure: "failed" };
  }
}

async function counted(path: string, network: Architecture) {
  const model = await open(path), { nodes, ops } = model.stats;
  const layers = layersOf(model, { [model.inputs[0].name]: defaultInputShape(network) });
  return {
    nodes,
    batchNormalizations: ops.BatchNormalization ?? 0,
    macs: layers.reduce((sum, { macs }) => sum + macs, 0),
  };
}

/** The last line that the script prints. */
async function runPython(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(interpreter, { args: [script, ...args] }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`rewrite.py ${args[0]}: ${decoder.decode(stderr).trim().split("\n").at(-1)}`);
  return decoder.decode(stdout).trim().split("\n").at(-1) ?? "";
}
