import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { ModelFormatError } from "../../src/io/errors.ts";
import { type ByteSource, BytesSource, FileSource } from "../../src/io/source.ts";
import { valuesOf } from "../../src/tensor/tensor.ts";
import { readStateDict, WeightsFormatError } from "../../src/weights/mod.ts";
import { safetensors } from "./save_safetensors.ts";

const folder = new URL("../fixtures/state_dicts/", import.meta.url);
const file = (name: string) => new FileSource(new URL(name, folder).pathname);
const bytesOf = (name: string) => Deno.readFileSync(new URL(name, folder));

/** i/8 for the first `count` whole numbers. */
const ramp = (count: number) => Array.from({ length: count }, (_, i) => i / 8);

async function contents(
  source: ByteSource,
): Promise<Record<string, { type: string; dims: number[]; values: number[] }>> {
  const { tensors } = await readStateDict(source);
  return Object.fromEntries([...tensors].map(([name, tensor]) => {
    return [name, { type: tensor.type, dims: [...tensor.dims], values: [...valuesOf(tensor)] }];
  }));
}

const WEIGHTS: Awaited<ReturnType<typeof contents>> = {
  "conv.weight": { type: "float32", dims: [2, 3, 2, 2], values: ramp(24) },
  "conv.bias": { type: "float32", dims: [2], values: [-0, -1 / 8] },
  "norm.weight": { type: "float32", dims: [2], values: [1, 9 / 8] },
  "norm.num_batches_tracked": { type: "int64", dims: [], values: [7] },
  half: { type: "float16", dims: [5], values: ramp(5) },
  brain: { type: "bfloat16", dims: [5], values: ramp(5) },
  double: { type: "float64", dims: [3], values: ramp(3) },
  empty: { type: "float32", dims: [0, 4], values: [] },
};

for (
  const [name, how] of Object.entries({
    "zip.pth": "what torch.save writes",
    "legacy.pth": "what torch.save wrote before 1.6",
    "protocol4.pth": "pickle protocol 4",
    "nested.pth": "a state_dict in a dict, with module. before each name",
    "weights.safetensors": "safetensors",
  })
) {
  Deno.test(`readStateDict() reads ${how}`, async () => {
    assertEquals(await contents(file(name)), WEIGHTS);
  });
}

for (const name of ["views.pth", "views_legacy.pth"]) {
  Deno.test(`readStateDict() reads tensors that are views of others (${name})`, async () => {
    const { channels_last, transposed, row, column, parameter, scalar } = await contents(file(name));
    assertEquals(channels_last, { type: "float32", dims: [2, 3, 2, 2], values: ramp(24) });
    assertEquals(transposed.dims, [4, 3]);
    assertEquals(transposed.values, [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11].map((i) => i / 8));
    assertEquals(row.values, [4, 5, 6, 7].map((i) => i / 8));
    assertEquals(column.values, [1, 5, 9].map((i) => i / 8));
    assertEquals(parameter, { type: "float32", dims: [2, 2], values: ramp(4) });
    assertEquals(scalar, { type: "float32", dims: [], values: [2 / 8] });
  });
}

Deno.test("readStateDict() takes the state dict beside a counter that is a tensor, too", async () => {
  assertEquals(Object.keys(await contents(file("counted.pth"))), Object.keys(WEIGHTS));
});

Deno.test("readStateDict() reads no tensor before it is asked for", async () => {
  const whole = file("zip.pth"), reads: [number, number][] = [];
  const { tensors } = await readStateDict({
    name: whole.name,
    size: whole.size,
    read(offset, into) {
      reads.push([offset, into.length]);
      whole.read(offset, into);
    },
  });
  reads.length = 0;
  valuesOf(tensors.get("conv.weight")!);
  assertEquals(reads.map(([, length]) => length), [24 * 4]);
});

const REFUSED: Record<string, string> = {
  "hostile.pth": 'the class or function "posix.system", which is not one of a state dict. Nothing in it was executed',
  "hostile_legacy.pth": 'the class or function "posix.system"',
  "module.pth": 'the class or function "torch.nn.modules.linear.Linear"',
  "quantized.pth": 'the class or function "torch._utils._rebuild_qtensor"',
  "expanded.pth": "a tensor of shape [1073741824] has elements that lie on one another",
  "negated.pth": 'a tensor whose values are not those stored (metadata "neg"). Save it with .resolve_neg()',
  "tensor.pth": "it holds a tensor; expected a dict of tensors",
  "no_tensors.pth": "it holds a dict with the keys config, epoch; expected a dict of tensors",
  "make.py": "expected a safetensors file, or a .pth file of torch.save",
};

for (const [name, message] of Object.entries(REFUSED)) {
  Deno.test(`readStateDict() refuses ${name} and says why`, async () => {
    const error = await assertRejects(() => readStateDict(file(name)), WeightsFormatError, message);
    assert(error.message.includes(name), "the file is named");
  });
}

Deno.test("readStateDict() refuses a file that is cut off, wherever", async () => {
  for (const name of ["zip.pth", "legacy.pth", "weights.safetensors"]) {
    const bytes = bytesOf(name);
    for (let length = 0; length < bytes.length; length += 7) {
      const error = await assertRejects(() => contents(new BytesSource(bytes.slice(0, length), name)));
      assert(isTyped(error), `${name} cut to ${length} bytes: ${error}`);
    }
  }
});

Deno.test("readStateDict() of a damaged file gives an answer or a typed error that names the file", async () => {
  for (const name of ["zip.pth", "legacy.pth", "views.pth", "protocol4.pth", "weights.safetensors"]) {
    const bytes = bytesOf(name);
    const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const damaged = bytes.slice();
        for (const [at, byte] of changes) damaged[at] = byte;
        try {
          await contents(new BytesSource(damaged, name));
        } catch (error) {
          assert(isTyped(error), `${name}: ${error}`);
          assert((error as Error).message.includes(name));
        }
      }),
      { numRuns: 2000, seed: 16 },
    );
  }
});

function isTyped(error: unknown): boolean {
  return error instanceof WeightsFormatError || error instanceof ModelFormatError;
}

const ascii = (text: string) => new TextEncoder().encode(text);
const lying = safetensors({ a: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }, new Uint8Array(4));
new DataView(lying.buffer).setBigUint64(0, 2n ** 63n, true);
const long = new Uint8Array((1 << 24) + 100);
new DataView(long.buffer).setBigUint64(0, (1n << 24n) + 1n, true);
long.set(ascii("{"), 8);
const tar = new Uint8Array(512);
tar.set(ascii("ustar"), 257);

const OTHERS: [string, Uint8Array, string][] = [
  ["an empty file", new Uint8Array(), "weights: is empty"],
  ["a pointer of Git LFS", ascii("version https://git-lfs.github.com/spec/v1\n"), "is a pointer of Git LFS"],
  ["a web page", ascii("<!DOCTYPE html>"), "is a page of HTML or XML"],
  ["gzip", Uint8Array.of(0x1f, 0x8b, 8), "is compressed with gzip"],
  ["a tar archive", tar, "is a tar archive"],
  ["HDF5", Uint8Array.of(0x89, 0x48, 0x44, 0x46), "is HDF5"],
  ["a pickle of Python's own", Uint8Array.of(0x80, 4, 0x95), "is a pickle that torch.save did not write"],
  ["a header longer than the file", lying, "with a header of 9223372036854775808 bytes; the file has"],
  ["a header too long to be one", long, "with a header of 16777217 bytes; at most 16777216 are read"],
  ["an index of several files", ascii('{\n  "metadata": {}'), "is JSON, as the index of weights in several files is"],
  ["other bytes", Uint8Array.of(1, 2), "begins with the bytes 0102"],
];

for (const [what, bytes, message] of OTHERS) {
  Deno.test(`readStateDict() says that it found ${what}`, async () => {
    await assertRejects(() => readStateDict(new BytesSource(bytes, "weights")), WeightsFormatError, message);
  });
}

Deno.test("readStateDict() says of what torch.jit.save wrote that it is a program, and not that it is damaged", async () => {
  const text = Array.from(await Deno.readFile(new URL("zip.pth", folder)), (byte) => String.fromCharCode(byte)).join(
    "",
  );
  const program = Uint8Array.from(text.replaceAll("/version", "/code/ab"), (char) => char.charCodeAt(0));
  await assertRejects(
    () => readStateDict(new BytesSource(program, "scripted.pt")),
    WeightsFormatError,
    "scripted.pt: a TorchScript program, as torch.jit.save writes it. Save the tensors alone",
  );
});

Deno.test("readStateDict() takes no more than eight prefixes of wrappers away", async () => {
  const entry = { dtype: "F32", shape: [1], data_offsets: [0, 4] };
  const names = async (name: string) => {
    const bytes = safetensors({ [name]: entry }, new Uint8Array(4));
    return [...(await readStateDict(new BytesSource(bytes, "weights"))).tensors.keys()];
  };
  assertEquals(await names("module._orig_mod.w"), ["w"]);
  assertEquals(await names(`${"module.".repeat(10)}w`), ["module.module.w"]);
});
