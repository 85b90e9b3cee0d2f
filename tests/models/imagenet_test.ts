import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { encode as encodePng } from "fast-png";
import { DownloadError } from "../../src/io/errors.ts";
import { OFFICIAL_WEIGHTS, officialWeights } from "../../src/models/imagenet.ts";
import { IMAGENET_LABELS } from "../../src/models/imagenet_labels.ts";
import { type Architecture, imagenetImage, topLabels } from "../../src/models/mod.ts";

/** Sets environment variables while `work` runs. */
async function withEnvironment(variables: Record<string, string>, work: () => Promise<void>): Promise<void> {
  const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  try {
    await work();
  } finally {
    for (const [name, value] of before) value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  }
}

Deno.test("officialWeights() checks the hash that is in the file's name", async () => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, at) => at % 251);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 8), asked: string[] = [];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    asked.push(new URL(url).pathname);
    return new Response(bytes);
  });
  const cache = await Deno.makeTempDir();
  await withEnvironment(
    { XDG_CACHE_HOME: cache, LAYERFUSE_WEIGHTS: `http://127.0.0.1:${server.addr.port}/models` },
    async () => {
      const published = { resnet18: { file: `resnet18-${hash}.pth` } };
      for (let time = 0; time < 2; time++) {
        const source = await officialWeights("resnet18", undefined, published), found = new Uint8Array(source.size);
        source.read(0, found);
        assertEquals(found, bytes);
      }
      assertEquals(asked, [`/models/resnet18-${hash}.pth`], "the second time from the cache");
      await assertRejects(() => officialWeights("resnet50"), DownloadError, "resnet50-0676ba61.pth: its SHA-256 is");
      await assertRejects(() => officialWeights("unet"), RangeError, "torchvision has none for unet");
    },
  );
  await Deno.remove(cache, { recursive: true });
});

Deno.test("every official file has a hash in its name", () => {
  for (const [name, { file }] of Object.entries(OFFICIAL_WEIGHTS)) assert(/-[0-9a-f]{8,}\.pth$/.test(file), name);
});

Deno.test("there are a thousand labels, in ImageNet's order", () => {
  assertEquals(IMAGENET_LABELS.length, 1000);
  assertEquals([0, 207, 281, 999].map((index) => IMAGENET_LABELS[index]), [
    "tench",
    "golden retriever",
    "tabby",
    "toilet tissue",
  ]);
  assert(IMAGENET_LABELS.every((label) => label.trim() === label && label !== ""));
});

Deno.test("topLabels() gives the likeliest first, with the softmax of all", () => {
  const logits = new Float32Array(1000).fill(-50);
  logits[281] = 2;
  logits[207] = 3;
  const [first, second, third] = topLabels(logits, 3);
  assertEquals([first.name, second.name, third.index], ["golden retriever", "tabby", 0]);
  assertEquals(first.probability.toFixed(6), (1 / (1 + Math.exp(-1))).toFixed(6));
  assertThrows(() => topLabels(new Float32Array(10)), RangeError, "10 values, expected 1000");
});

/** A picture whose channels and positions all differ. */
function picture(width: number, height: number): Uint8Array {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        data[3 * (y * width + x) + channel] = (x * (channel + 2) + y * (5 - channel) + ((x * y) >> 3)) % 256;
      }
    }
  }
  return encodePng({ width, height, data, channels: 3 });
}

// from torchvision's ImageClassification presets on the same picture (tasks/torch/images.py)
const EXPECTED: {
  architecture: Architecture;
  width: number;
  height: number;
  size?: number;
  sum: number;
  values: { side: number; at: [number, number][] };
}[] = [{
  "architecture": "resnet101",
  "width": 300,
  "height": 200,
  "sum": 0.22486,
  "values": {
    "side": 224,
    "at": [
      [0, -1.65554],
      [8854, -0.90205],
      [17708, 0.53643],
      [26562, 0.91318],
      [35416, 0.81043],
      [44270, 0.84468],
      [53124, -0.21499],
      [61978, 1.08053],
      [70832, 0.62535],
      [79686, 1.57073],
      [88540, -0.46008],
      [97394, 0.08263],
      [106248, -1.22928],
      [115102, 0.58336],
      [123956, 0.77508],
      [132810, -0.32296],
      [141664, 0.19991],
      [150518, 1.28052],
    ],
  },
}, {
  "architecture": "mobilenet_v2",
  "width": 500,
  "height": 700,
  "sum": 0.22431,
  "values": {
    "side": 224,
    "at": [
      [0, 1.61529],
      [8854, 0.9303],
      [17708, 0.9988],
      [26562, 0.29669],
      [35416, -0.35405],
      [44270, 0.02269],
      [53124, 0.03011],
      [61978, -0.28501],
      [70832, -0.19748],
      [79686, 0.5028],
      [88540, 0.55532],
      [97394, -0.09244],
      [106248, -0.93298],
      [115102, -0.09638],
      [123956, -0.25325],
      [132810, 0.3742],
      [141664, 0.87965],
      [150518, 0.39163],
    ],
  },
}, {
  "architecture": "efficientnet_b0",
  "width": 300,
  "height": 200,
  "sum": 0.22489,
  "values": {
    "side": 224,
    "at": [
      [0, -1.65554],
      [8854, -0.88492],
      [17708, 0.53643],
      [26562, 0.91318],
      [35416, 0.81043],
      [44270, 0.82755],
      [53124, -0.21499],
      [61978, 1.08053],
      [70832, 0.64286],
      [79686, 1.57073],
      [88540, -0.46008],
      [97394, 0.08263],
      [106248, -1.28157],
      [115102, 0.58336],
      [123956, 0.86222],
      [132810, -0.32296],
      [141664, 0.19991],
      [150518, 1.26309],
    ],
  },
}, {
  "architecture": "swin_t",
  "width": 640,
  "height": 480,
  "sum": 0.224446,
  "values": {
    "side": 224,
    "at": [
      [0, -1.10754],
      [8854, 1.28992],
      [17708, 0.9988],
      [26562, 0.8618],
      [35416, -0.95342],
      [44270, 0.74193],
      [53124, -0.84524],
      [61978, 0.97549],
      [70832, 0.11765],
      [79686, -0.17997],
      [88540, 0.92297],
      [97394, 0.29272],
      [106248, 1.28052],
      [115102, 0.6705],
      [123956, 1.01909],
      [132810, -0.06152],
      [141664, 0.47878],
      [150518, 0.82736],
    ],
  },
}, {
  "architecture": "resnet18",
  "width": 100,
  "height": 90,
  "sum": 0.243001,
  "values": {
    "side": 224,
    "at": [
      [0, -1.21029],
      [8854, -1.00479],
      [17708, 0.00557],
      [26562, 0.63918],
      [35416, 1.76942],
      [44270, -1.58704],
      [53124, 0.34524],
      [61978, 1.85084],
      [70832, -0.23249],
      [79686, -0.56513],
      [88540, -0.30252],
      [97394, 2.02591],
      [106248, 1.3851],
      [115102, 0.84479],
      [123956, 2.37856],
      [132810, -1.14213],
      [141664, -1.68244],
      [150518, 1.83826],
    ],
  },
}];

Deno.test("imagenetImage() prepares a picture as torchvision's presets do", () => {
  for (const { architecture, width, height, size, sum, values } of EXPECTED) {
    const { dims, data } = imagenetImage(picture(width, height), architecture, size);
    assertEquals(dims, [1, 3, values.side, values.side]);
    const found = data as Float32Array, at = (index: number) => found[index];
    const label = `${architecture} ${width}×${height}`;
    // one step of 1/255 apart at the most: the two round a half at other places
    values.at.forEach(([index, value]) =>
      assert(Math.abs(at(index) - value) < 1.01 / 255 / 0.224, `${label}: ${at(index)} at ${index}, expected ${value}`)
    );
    const mean = found.reduce((a, b) => a + b, 0) / found.length;
    assert(Math.abs(mean - sum) < 1e-3, `${label}: mean ${mean}, expected ${sum}`);
  }
});

Deno.test("imagenetImage() of a narrow strip makes no more of it than the square in its middle", () => {
  const data = Uint8Array.from({ length: 3 * 2 * 100_000 }, (_, at) => at % 3 === 0 ? 255 : 0);
  const strip = encodePng({ width: 100_000, height: 2, data, channels: 3 }); // resized it would have 13 million columns
  const { data: found } = imagenetImage(strip, "resnet18");
  assertEquals([found[0], found[224 * 224]].map((value) => Number(value).toFixed(3)), ["2.249", "-2.036"]);
});
