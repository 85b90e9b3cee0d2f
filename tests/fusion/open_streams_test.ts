import { assert, assertEquals, assertRejects } from "@std/assert";
import { FileError, ModelFormatError, open } from "../../src/fusion/mod.ts";
import { spooled } from "../../src/io/spool.ts";
import { CONV_BN, externalised, filesIn, inFolder } from "../external_model.ts";
import { modelBytes } from "../onnx_model.ts";

const BYTES = Uint8Array.from(modelBytes(CONV_BN));

async function withFifo(work: (path: string, folder: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const path = `${folder}/net.onnx`;
    assert((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
    await work(path, folder);
  });
}

/** Lets another process write a file to a FIFO, in two parts with a pause between. */
function feed(path: string, file: string): Deno.ChildProcess {
  const script = `{ head -c 3000 "$1"; sleep 0.2; tail -c +3001 "$1"; } > "$2"`;
  return new Deno.Command("sh", { args: ["-c", script, "sh", file, path] }).spawn();
}

Deno.test("open() reads a FIFO to its end, and the model can be read as often as any", () =>
  withFifo(async (path, folder) => {
    await Deno.writeFile(`${folder}/file`, BYTES);
    const writer = feed(path, `${folder}/file`), model = await open(path);
    await writer.status;
    assertEquals(model.name, "net");
    for (const _ of [1, 2]) assertEquals(await model.bytes(), BYTES);
    await model.save(`${folder}/out.onnx`);
    assertEquals(await Deno.readFile(`${folder}/out.onnx`), BYTES);
  }));

Deno.test("open() refuses what comes out of a FIFO and is no model, and names the FIFO", () =>
  withFifo(async (path, folder) => {
    await Deno.writeTextFile(`${folder}/file`, "not a model".repeat(500));
    const writer = feed(path, `${folder}/file`);
    await assertRejects(() => open(path), ModelFormatError, path);
    await writer.status;
  }));

Deno.test("a FIFO that nothing writes to is refused after a while, and its reading can be aborted", () =>
  withFifo(async (path) => {
    await assertRejects(
      () => spooled(path, undefined, 100),
      FileError,
      "is a FIFO that nothing was written to for 0.1 s",
    );
    await assertRejects(() => open(path, { signal: AbortSignal.timeout(100) }), DOMException);
  }));

Deno.test("open() refuses a device, as a model and as a data file, and a FIFO as a data file", () =>
  withFifo(async (fifo, folder) => {
    for (const device of ["/dev/zero", "/dev/null"]) {
      await assertRejects(() => open(device), FileError, `${device}: is not a file but a device`);
    }
    const { model } = externalised(["w"], "w.bin");
    await Deno.writeFile(`${folder}/external.onnx`, model);
    await Deno.rename(fifo, `${folder}/w.bin`);
    await assertRejects(() => open(`${folder}/external.onnx`), ModelFormatError, "is not a file but a FIFO");
    await Deno.remove(`${folder}/w.bin`);
    await Deno.symlink("/dev/zero", `${folder}/w.bin`);
    const linked = () => open(`${folder}/external.onnx`, { allowLinks: true });
    await assertRejects(linked, ModelFormatError, "is not a file but a device");
    assertEquals(filesIn(folder), ["external.onnx", "w.bin"]);
  }));
