/**
 * `deno task check:onnx`: every fused model of `tasks/onnx/models.ts` passes ONNX's own checker (`onnx.checker` with full_check, from
 * PyPI, in an environment of its own) where the model it was made of does. Part of `deno task test`: skipped aloud where there is no
 * Python, failed where CI is set.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { writeModels } from "./onnx/models.ts";
import { type Needs, pythonWith } from "./python.ts";
import { root } from "./root.ts";
import type { Counts } from "./test_counts.ts";

const NEEDS: Needs = { check: "import onnx.checker", requirements: "onnx/requirements.txt", venv: ".venv-onnx" };

/** Fewer models than this are none that say anything. */
const LEAST_MODELS = 300;

/** Writes, fuses and checks the models. */
export async function checkOnnx({ required }: { required: boolean }): Promise<Counts> {
  console.log("\nFused models in ONNX's checker");
  const python = await pythonWith(NEEDS);
  if (python.path === undefined) {
    console.error(`${required ? "FAILED" : "SKIPPED"} ONNX's checker: ${python.missing}`);
    return { passed: 0, failed: required ? 1 : 0, skipped: required ? 0 : 1 };
  }
  const folder = await Deno.makeTempDir();
  try {
    await writeModels(folder);
    const script = fileURLToPath(new URL("tasks/onnx/check.py", root));
    const { stdout, success } = await new Deno.Command(python.path, { args: [script, folder], stderr: "inherit" })
      .output();
    const lines = new TextDecoder().decode(stdout).trim().split("\n");
    const [checked = 0, failed = 0, refused = 0] = (lines.pop() ?? "").split(" ").map(Number);
    for (const line of lines) console.error(`FAILED ${line}`);
    console.log(`${checked - failed} of ${checked} pass; ${refused} more do not as they came`);
    const isEnough = success && checked >= LEAST_MODELS;
    if (!isEnough) console.error(`FAILED ONNX's checker: it saw ${checked} models, expected ${LEAST_MODELS} or more`);
    return { passed: isEnough ? checked - failed : 0, failed: isEnough ? failed : 1, skipped: 0 };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const { failed } = await checkOnnx({ required: true });
  Deno.exit(failed === 0 ? 0 : 1);
}
