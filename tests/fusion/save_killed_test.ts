import { assert, assertEquals, assertGreater } from "@std/assert";
import { fileURLToPath } from "node:url";
import { fuse, open } from "../../src/fusion/mod.ts";
import { externalised, filesIn, inFolder } from "../external_model.ts";
import { random, randomIn } from "../onnx_model.ts";

const KILLS = 60;
const CHILD = fileURLToPath(new URL("killed_save.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

/** A model whose weights take a while to write: 8 MiB that are scaled. */
const SLOW = {
  inputs: { x: [1, 1024] },
  outputs: { y: [1, 2048] },
  initializers: { w: random([1024, 2048], 1), s: randomIn(0.5, 1.5, [2048], 2) },
  nodes: [
    { op: "MatMul", inputs: ["x", "w"], outputs: ["c"] },
    { op: "Mul", inputs: ["c", "s"], outputs: ["y"] },
  ],
};

async function sha256(bytes: Uint8Array): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes))).toHex();
}

for (const kind of ["its weights inside", "its weights in a data file"]) {
  Deno.test(`a model with ${kind}, saved again and again and killed ${KILLS / 2} times while it writes, is always whole`, () =>
    inFolder(async (folder) => {
      const { model, data } = externalised(["w"], "net.onnx.data", { model: SLOW });
      await Deno.writeFile(`${folder}/net.onnx`, model);
      await Deno.writeFile(`${folder}/net.onnx.data`, data);
      const externalData = kind.endsWith("inside") ? "none" : "auto", out = `${folder}/out.onnx`;
      const started = performance.now();
      await (await fuse(`${folder}/net.onnx`)).model.save(out, { externalData });
      const once = performance.now() - started, first = await sha256(await (await open(out)).bytes());
      let busy = 0;
      for (let kill = 0; kill < KILLS / 2; kill++) {
        const child = new Deno.Command(Deno.execPath(), {
          args: [
            "run",
            "-A",
            "--no-lock",
            "--quiet",
            "--config",
            CONFIG,
            CHILD,
            `${folder}/net.onnx`,
            out,
            externalData,
          ],
          stdout: "piped",
          stderr: "inherit",
        }).spawn();
        const reader = child.stdout.getReader();
        await reader.read(); // it has begun
        await new Promise((resolve) => setTimeout(resolve, 2 * once * Math.random()));
        child.kill("SIGKILL");
        await child.status;
        await reader.cancel();
        const left = filesIn(folder).filter((name) => name.startsWith(".layerfuse-"));
        if (left.length > 0) busy++;
        assertEquals(await sha256(await (await open(out)).bytes()), first, "every model that is found is the same one");
      }
      assertGreater(busy, KILLS / 6, "most kills met a save at work");
      await (await open(`${folder}/net.onnx`)).save(out, { externalData });
      const left = filesIn(folder).filter((name) => !name.startsWith("net.onnx"));
      assertEquals(left, externalData === "none" ? ["out.onnx"] : ["out.onnx", "out.onnx.data"]);
      assert(await sha256(await Deno.readFile(`${folder}/net.onnx.data`)) === await sha256(data));
    }));
}
