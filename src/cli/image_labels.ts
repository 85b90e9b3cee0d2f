import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Model } from "../fusion/mod.ts";
import { unreadable } from "../io/errors.ts";
import type { Architecture, Dim, Label } from "../models/mod.ts";
import { UsageError } from "./usage_error.ts";
import { onDemand } from "./on_demand.ts";

/** A picture's file. */
export interface PictureFile {
  /** Its name. */
  readonly name: string;
  /** Its bytes, a PNG or a JPEG. */
  readonly bytes: Uint8Array;
}

/** What two models see in one picture. */
export interface PictureLabels {
  /** The picture's name. */
  readonly image: string;
  /** The likeliest classes of the original. */
  readonly before: readonly Label[];
  /** Those of the fused model. */
  readonly after: readonly Label[];
}

/** Reads a picture before anything long begins. Throws what says which file, where it cannot be read or decoded. */
export async function readPicture(path: string): Promise<PictureFile> {
  const { decodeImage } = await onDemand("bench/image"), name = basename(path);
  const bytes = await readFile(path).catch((error) => {
    throw unreadable(path, error, "a PNG or JPEG");
  });
  try {
    decodeImage(bytes);
  } catch (error) {
    throw new UsageError(`--image ${name}: ${(error as Error).message}. Give a PNG or a JPEG.`);
  }
  return { name, bytes };
}

/** Throws a {@link UsageError} where a model says of itself that it does not tell ImageNet's classes apart, before anything long begins. */
export function requireClassifier({ name, outputs: [output] }: Model): void {
  const dims = output?.shape?.slice(output.shape.length > 1 ? 1 : 0), count = dims?.reduce<Dim>(product, 1);
  if (typeof count === "number" && count !== CLASSES) throw noClassifier(name, count);
}

const CLASSES = 1000;
const product = (a: Dim, b: Dim) => typeof a === "number" && typeof b === "number" ? a * b : null;

function noClassifier(name: string, count: number): UsageError {
  return new UsageError(`--image: ${name} gives ${count} numbers, not one for each class of ImageNet.`);
}

/**
 * Shows both models the picture, prepared as the architecture's training prepared pictures, and names the five likeliest
 * classes. Throws a {@link UsageError} for models that tell other classes apart.
 */
export async function labelsBeforeAndAfter(
  before: Model,
  after: Model,
  { name, bytes }: PictureFile,
  size?: number,
): Promise<PictureLabels> {
  const { architectures, imagenetImage, topLabels } = await onDemand("models/mod");
  const { materialise } = await onDemand("bench/source");
  const { TemporaryDirectory } = await onDemand("host/temporary_directory");
  const { openSession } = await onDemand("bench/session");
  const architecture = architectures.find((known) => known === before.name) as Architecture | undefined;
  const decoded = imagenetImage(bytes, architecture, size);
  using folder = new TemporaryDirectory();
  const labels: Label[][] = [];
  for (const [model, label] of [[before, "before"], [after, "after"]] as const) {
    const { path } = await materialise(model, folder.path, label);
    await using session = await openSession(path, { level: "disabled" });
    const outputs = await session.run({ [session.inputs[0].name]: decoded }), { data } = outputs[session.outputs[0]];
    if (data.length !== CLASSES) throw noClassifier(before.name, data.length);
    labels.push(topLabels(Array.from(data as ArrayLike<number>)));
  }
  return { image: name, before: labels[0], after: labels[1] };
}

/** Both lists side by side. */
export function labelsText({ image, before, after }: PictureLabels): string {
  const cell = ({ name, probability }: Label) => `${(100 * probability).toFixed(2).padStart(6)}%  ${name}`;
  const width = Math.max(...before.map((label) => cell(label).length), 16);
  return [
    `${image}: the five likeliest classes`,
    `${"before".padEnd(width)}    after`,
    ...before.map((label, at) => `${cell(label).padEnd(width)}    ${cell(after[at])}`),
  ].join("\n");
}
