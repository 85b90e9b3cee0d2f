import { assertEquals, assertMatch } from "@std/assert";
import { modelBytes } from "../onnx_model.ts";
import { cli, filesIn, fixture, inFolder } from "./run_cli.ts";

/** Bad use: the arguments (OUT and FOLDER stand for paths), and what the one line on stderr must say. */
const BAD: [name: string, args: string[], says: RegExp][] = [
  ["a missing file", ["fuse", "FOLDER/none.onnx", "-o", "OUT"], /none\.onnx: there is no such file/],
  ["a folder in place of a file", ["fuse", "FOLDER", "-o", "OUT"], /is not a file/],
  ["a text file", ["fuse", "FOLDER/text.onnx", "-o", "OUT"], /text\.onnx: not .*ONNX model/],
  ["an empty file", ["explain", "FOLDER/empty.onnx"], /empty\.onnx: is empty/],
  ["a truncated model", ["fuse", "FOLDER/cut.onnx", "-o", "OUT"], /cut\.onnx: .*byte \d+ of \d+/],
  ["an unknown rule", ["fuse", "MODEL", "-o", "OUT", "--rules", "fold"], /no rule 'fold'.*fuse-affine-into-layer/],
  ["an unknown rule to skip", ["explain", "MODEL", "--skip", "fold"], /no rule 'fold'/],
  ["no output", ["fuse", "MODEL"], /Give -o OUT/],
  ["an output in a folder that does not exist", ["fuse", "MODEL", "-o", "FOLDER/none/o.onnx"], /cannot be written/],
  ["an unknown command", ["fold", "MODEL"], /no command 'fold'.*fuse/],
  ["an unknown option", ["explain", "MODEL", "--fast"], /--fast/],
  ["too few arguments", ["compare"], /0 arguments, expected 1 to 2/],
  ["an unknown provider", ["compare", "MODEL", "--provider", "gpu", "--json", "OUT"], /gpu.*cuda/],
  ["a provider that cannot start", ["compare", "MODEL", "--provider", "cuda", "--json", "OUT"], /cuda/i],
  ["an unknown level", ["compare", "MODEL", "--levels", "most"], /most.*disabled/],
  ["a time that is no number", ["compare", "MODEL", "--seconds", "soon"], /--seconds soon: expected a number/],
  ["a gate file that is a folder", ["compare", "--gate", "FOLDER"], /^layerfuse: \S+: cannot be read/],
  ["two gate files", ["compare", "--gate", "FOLDER/a.json", "--gate", "FOLDER/b.json"], /given twice/],
  ["a limit that never fails", ["compare", "MODEL", "--max-error", "2"], /--max-error 2: .* below 1/],
  ["thousands of threads", ["compare", "MODEL", "--threads", "1e8"], /threads 100000000: .* at most 1024/],
  ["a shape that is none", ["compare", "MODEL", "--shape", "big"], /--shape big: expected NAME=1x3x224x224/],
  ["an unknown architecture", ["build", "resnet19", "-o", "OUT"], /resnet19.*resnet18/],
  ["a file and an architecture", ["reproduce", "MODEL", "--model", "resnet18"], /Give one of them/],
];

for (const [name, args, says] of BAD) {
  Deno.test(`the CLI answers ${name} with one line, exit code 2 and no file`, async () => {
    await inFolder(async (folder) => {
      const model = await Deno.readFile(fixture("fashion_autoencoder"));
      await Deno.writeTextFile(`${folder}/text.onnx`, "This is no model, it is a sentence.\n");
      await Deno.writeFile(`${folder}/empty.onnx`, new Uint8Array());
      await Deno.writeFile(`${folder}/cut.onnx`, model.subarray(0, model.length - 1000));
      const before = filesIn(folder);
      const { code, stdout, stderr } = await cli(
        ...args.map((arg) =>
          arg.replace("FOLDER", folder).replace("OUT", `${folder}/out`).replace("MODEL", fixture("fashion_autoencoder"))
        ),
      );
      assertEquals(code, 2, stderr);
      assertEquals(stdout, "");
      assertMatch(stderr, says);
      assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
      assertEquals(filesIn(folder), before);
    });
  });
}

Deno.test("compare and fuse --verify name the user's file where ONNX Runtime does not load it, no temporary one", () =>
  inFolder(async (folder) => {
    const path = `${folder}/mine.onnx`;
    const bytes = modelBytes({
      inputs: { x: [1, 4] },
      outputs: { y: [1, 4] },
      nodes: [{ op: "NoSuchOperator", inputs: ["x"], outputs: ["a"] }, { op: "Relu", inputs: ["a"], outputs: ["y"] }],
    });
    await Deno.writeFile(path, Uint8Array.from(bytes));
    for (const args of [["compare", path, "--seconds", "1"], ["fuse", path, "-o", `${folder}/out.onnx`, "--verify"]]) {
      const { code, stderr } = await cli(...args);
      assertEquals(code, 2);
      assertMatch(stderr, /^layerfuse: \S+\/mine\.onnx: ONNX Runtime does not load it: .*NoSuchOperator.*\n$/);
      assertEquals(stderr.includes("layerfuse_") && !stderr.includes("layerfuse_test_"), false, stderr);
    }
    assertEquals(filesIn(folder), ["mine.onnx"]);
  }));

Deno.test("compare names the file of a model whose operators ONNX Runtime cannot set up", () =>
  inFolder(async (folder) => {
    const bytes = modelBytes({
      inputs: { x: [1] },
      types: { x: 8, y: 8 },
      outputs: { y: [1] },
      nodes: [{
        op: "StringNormalizer",
        inputs: ["x"],
        outputs: ["y"],
        attributes: { locale: "xx_XX.nowhere", case_change_action: "LOWER" },
      }],
    });
    await Deno.writeFile(`${folder}/text.onnx`, Uint8Array.from(bytes));
    const { code, stderr } = await cli("compare", `${folder}/text.onnx`, "--input", "x=a");
    assertEquals(code, 2);
    assertMatch(stderr, /^layerfuse: \S+\/text\.onnx: ONNX Runtime does not load it: .*xx_XX\.nowhere/);
  }));
