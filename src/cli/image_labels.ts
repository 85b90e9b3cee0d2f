import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Model } from "../fusion/mod.ts";
import { unreadable } from "../io/errors.ts";
import type { Architecture, Label } from "../models/mod.ts";
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

/** Reads a picture before anything long begins. Throws what says which file, where it cannot be read. */
export async function readPicture(path: string): Promise<PictureFile> {
  try {
    return { name: basename(path), bytes: await readFile(path) };
  } catch (error) {
    throw unreadable(path, error, "a PNG or JPEG");
  }
}

/**
 * Shows both models the picture, prepared as the architecture's training prepared pictures, and names the five likeliest
 * classes. Throws a {@link UsageError} for a picture that cannot be decoded and for models that tell other classes apart.
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
  const decoded = (() => {
    try {
      return imagenetImage(bytes, architecture, size);
    } catch (error) {
      throw new UsageError(`--image ${name}: ${(error as Error).message}. Give a PNG or a JPEG.`);
    }
  })();
  using folder = new TemporaryDirectory();
  const labels: Label[][] = [];
  for (const [model, label] of [[before, "before"], [after, "after"]] as const) {
    const { path } = await materialise(model, folder.path, label);
    await using session = await openSession(path, { level: "disabled" });
    const outputs = await session.run({ [session.inputs[0].name]: decoded }), { data } = outputs[session.outputs[0]];
    if (data.length !== 1000) {
      throw new UsageError(`--image: ${before.name} gives ${data.length} numbers, not one for each class of ImageNet.`);
    }
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
