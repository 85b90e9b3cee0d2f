import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encode as encodePng } from "fast-png";
import { assemble } from "../../src/models/build.ts";
import { filledTensor } from "../../src/tensor/tensor.ts";
import { learnedOf, stateDict } from "../weights/save_safetensors.ts";
import { filesIn, inFolder } from "./run_cli.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Runs the CLI with a cache of its own in `folder`. */
async function cli(folder: string, env: Record<string, string>, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", "--quiet", "--config", `${ROOT}deno.json`, `${ROOT}src/cli/main.ts`, ...args],
    env: { NO_COLOR: "1", XDG_CACHE_HOME: join(folder, "cache"), ...env },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

const weights = stateDict(learnedOf(assemble("mobilenet_v2", 5, new Map())));

/** Serves these bytes under every address on loopback. */
function served(bytes: Uint8Array): { url: string; requests: string[] } & AsyncDisposable {
  const requests: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    requests.push(new URL(url).pathname);
    return new Response(bytes as Uint8Array<ArrayBuffer>);
  });
  return { url: `http://127.0.0.1:${server.addr.port}/`, requests, [Symbol.asyncDispose]: () => server.shutdown() };
}

Deno.test("build --weights URL downloads a state dict into the cache, and takes it from there", async () => {
  await using server = served(weights);
  await inFolder(async (folder) => {
    const out = join(folder, "mobile.onnx"), url = `${server.url}mobile.safetensors`;
    const built = await cli(folder, {}, "build", "mobilenet_v2", "--weights", url, "-o", out);
    assertEquals(built.code, 0, built.stderr);
    const [file] = [...Deno.readDirSync(join(folder, "cache", "layerfuse"))];
    const cached = filesIn(join(folder, "cache", "layerfuse", file.name));
    assert(cached.includes("mobile.safetensors"), cached.join());
    assert((await Deno.readFile(out)).length > 14e6);
  });
});

Deno.test("build --weights imagenet asks for torchvision's file, and refuses one without its hash", async () => {
  await using server = served(weights);
  await inFolder(async (folder) => {
    const args = ["build", "mobilenet_v2", "--weights", "imagenet", "-o", join(folder, "mobile.onnx")];
    const { code, stderr } = await cli(folder, { LAYERFUSE_WEIGHTS: server.url }, ...args);
    assertEquals(code, 2);
    assertEquals(server.requests, ["/mobilenet_v2-b0353104.pth"]);
    assertStringIncludes(stderr, "mobilenet_v2-b0353104.pth: its SHA-256 is");
    assertStringIncludes(stderr, "expected b0353104");
    assertEquals(filesIn(folder).filter((name) => name.endsWith(".onnx")), []);
  });
});

Deno.test("build --weights of another network ends with 2 and writes no file", async () => {
  await inFolder(async (folder) => {
    await Deno.writeFile(join(folder, "mobile.safetensors"), weights);
    const args = ["build", "resnet18", "--weights", join(folder, "mobile.safetensors"), "-o", join(folder, "out.onnx")];
    const { code, stderr } = await cli(folder, {}, ...args);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "not a state dict of resnet18 (102 missing, 262 unexpected)");
    assertStringIncludes(stderr, "layer4.1.bn2.running_var");
    assertEquals(filesIn(folder).filter((name) => name.endsWith(".onnx")), []);
  });
});

Deno.test("build --weights imagenet of a network that torchvision has none for says for which it has", async () => {
  await inFolder(async (folder) => {
    const { code, stderr } = await cli(
      folder,
      {},
      "build",
      "unet",
      "--weights",
      "imagenet",
      "-o",
      join(folder, "u.onnx"),
    );
    assertEquals(code, 2);
    assertStringIncludes(stderr, 'weights "imagenet": torchvision has none for unet; it has for resnet18, resnet34');
  });
});

Deno.test("reproduce --weights FILE --image FILE names the five likeliest classes before and after", async () => {
  await inFolder(async (folder) => {
    const [file, image] = ["mobile.safetensors", "picture.png"].map((name) => join(folder, name));
    await Deno.writeFile(file, weights);
    const data = Uint8Array.from({ length: 300 * 200 * 3 }, (_, at) => (at * 37 + (at >> 8) * 11) % 256);
    await Deno.writeFile(image, encodePng({ width: 300, height: 200, data, channels: 3 }));
    const args = ["--model", "mobilenet_v2", "--weights", file, "--image", image, "--size", "64", "--seconds", "1"];
    const { code, stdout, stderr } = await cli(folder, {}, "reproduce", ...args, "--reports", folder, "--json");
    assertEquals(code, 0, stderr);
    const { labels } = JSON.parse(stdout);
    assertEquals(labels.image, "picture.png");
    assertEquals(labels.before.length, 5);
    assertEquals(
      labels.after.map(({ name }: { name: string }) => name),
      labels.before.map(({ name }: { name: string }) => name),
    );
  });
});

Deno.test("reproduce --image of what is no picture is refused before anything is built", async () => {
  await inFolder(async (folder) => {
    const image = join(folder, "notes.txt");
    await Deno.writeTextFile(image, "no picture");
    const { code, stderr } = await cli(folder, {}, "reproduce", "--image", image, "--reports", folder);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "--image notes.txt: neither a PNG nor a JPEG. Give a PNG or a JPEG.");
    assert(!stderr.includes("building"), stderr);
  });
});

Deno.test("reproduce --image of a network with other classes is refused before it is measured", async () => {
  await inFolder(async (folder) => {
    const image = join(folder, "picture.png");
    await Deno.writeFile(image, encodePng({ width: 2, height: 2, data: new Uint8Array(12), channels: 3 }));
    const args = ["--model", "resnext29_branches", "--image", image, "--seconds", "600", "--reports", folder];
    const { code, stderr } = await cli(folder, {}, "reproduce", ...args);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "--image: resnext29_branches gives 100 numbers, not one for each class of ImageNet.");
  });
});

Deno.test("what is wrong is said on one line without what moves the cursor, whatever a file calls its tensors", async () => {
  await inFolder(async (folder) => {
    const file = join(folder, "hostile.safetensors"), name = "\u001b[2J\u001b]0;title\u0007\r\nlayer";
    await Deno.writeFile(file, stateDict(new Map([[name, filledTensor("float32", [1], 0)]])));
    const { code, stderr } = await cli(
      folder,
      {},
      "build",
      "resnet18",
      "--weights",
      file,
      "-o",
      join(folder, "o.onnx"),
    );
    assertEquals(code, 2);
    assertStringIncludes(stderr, "�[2J�]0;title� layer");
    assertEquals(stderr.match(/\p{Cc}/gu), ["\n"]);
  });
});

Deno.test("build --list says the input, the parameters and the arithmetic of each", async () => {
  await inFolder(async (folder) => {
    const { stdout } = await cli(folder, {}, "build", "--list", "--json");
    const rows = JSON.parse(stdout) as { name: string; input: number[]; parameters: number; macs: number }[];
    const find = (name: string) => rows.find((row) => row.name === name)!;
    assertEquals(find("resnet50").input, [1, 3, 224, 224]);
    assertEquals(find("resnet50").parameters, 25_557_032);
    assertEquals(Math.round(find("resnet50").macs / 1e6), 4089); // as torchvision's _ops
    assertEquals(Math.round(find("vgg16_bn").macs / 1e7), 1547);
    assertEquals(Math.round(find("mobilenet_v2").macs / 1e6), 301);
  });
});
