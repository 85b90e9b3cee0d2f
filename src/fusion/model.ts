import { basename, dirname, isAbsolute, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { type ExternalTarget, layout, payloadLength, type Segment } from "../proto/encode.ts";
import { ModelFormatError } from "../proto/errors.ts";
import { resolveExternal } from "../proto/external.ts";
import { type Payload, readSkeleton } from "../proto/skeleton.ts";
import { type ByteSource, BytesSource, FileSource } from "../proto/source.ts";
import { stream, writeModel } from "../proto/write.ts";
import { type ExportedModel, exportModel } from "../graph/export.ts";
import { allGraphs, type Dim, type Value } from "../graph/graph.ts";
import { type ImportedModel, importModel } from "../graph/import.ts";
import { inferShapes } from "../ops/infer.ts";
import { type ModelStats, statsOf } from "../graph/stats.ts";
import { shapeOfFile } from "../graph/unnamed.ts";
import { verify } from "../graph/verify.ts";

/** Where a model can come from: a path, a URL (`file:`, `http:`, `https:`), or the bytes of an .onnx file. */
export type ModelSource = string | URL | Uint8Array;

/** An input or output of a model. */
export interface ModelPort {
  /** Name. */
  name: string;
  /** Element type, where the model says it. */
  type?: string;
  /** Shape: sizes, names of dynamic dimensions, null for unknown; absent where the rank is not known. */
  shape?: readonly Dim[];
}

/** Tensors below this size stay in the model file even where the weights have a file of their own. */
const EXTERNAL_THRESHOLD = 1024;

/**
 * A model: its graph, and where its weights are. It is cheap: opening and fusing hold no weights in memory; they are
 * streamed when the model is saved.
 */
export class Model {
  /** What to call it: the file's name without its ending, or what its maker chose. */
  readonly name: string;
  readonly #skeleton: Uint8Array;
  readonly #payloads: readonly Payload[];
  readonly #isExternal: boolean;
  readonly #original?: ByteSource;
  #stats?: ModelStats;
  /** Its graphs as they were read, until somebody takes them to change them. */
  #unchanged?: ImportedModel;

  private constructor(
    name: string,
    { skeleton, payloads }: { skeleton: Uint8Array; payloads: readonly Payload[] },
    isExternal: boolean,
    original?: ByteSource,
  ) {
    this.name = name;
    this.#skeleton = skeleton;
    this.#payloads = payloads;
    this.#isExternal = isExternal;
    this.#original = original;
  }

  /** Opens the model in a byte source; `folder` is where its external data files are. */
  static read(source: ByteSource, name: string, folder?: string): Model {
    const resolved = resolveExternal(readSkeleton(source), (location) => {
      const inside = normalize(location);
      if (isAbsolute(inside) || inside.startsWith("..")) {
        throw new ModelFormatError(`${source.name}: external data at '${location}' lies outside the model's folder.`);
      }
      if (folder === undefined) {
        throw new ModelFormatError(
          `${source.name}: its weights are in the file '${location}' beside it. Open the model by its path.`,
        );
      }
      try {
        return new FileSource(join(folder, inside));
      } catch (error) {
        if (error instanceof ModelFormatError) throw error;
        throw new ModelFormatError(
          `${source.name}: its weights are in '${location}' beside it, which cannot be read (${
            (error as Error).message
          }).`,
        );
      }
    });
    const original = resolved.isExternal ? undefined : source;
    const model = new Model(
      name,
      { skeleton: resolved.bytes, payloads: resolved.payloads },
      resolved.isExternal,
      original,
    );
    model.#view();
    return model;
  }

  /**
   * A model made of an ONNX file's parts; used by builders.
   *
   * @internal
   */
  static from(exported: ExportedModel, name: string): Model {
    return new Model(name, exported, false);
  }

  /**
   * The same model with its graphs replaced by changed ones that {@link Model.graphs} gave.
   *
   * @internal
   */
  with(graphs: ImportedModel, name: string = this.name): Model {
    const model = new Model(name, exportModel(graphs), this.#isExternal);
    model.#stats = model.#count(graphs);
    return model;
  }

  /** The same model under another name. */
  named(name: string): Model {
    return new Model(
      name,
      { skeleton: this.#skeleton, payloads: this.#payloads },
      this.#isExternal,
      this.#original,
    );
  }

  /**
   * A fresh copy of its graphs, to be read or changed, with types and shapes inferred.
   *
   * @internal
   */
  graphs(): ImportedModel {
    const graphs = this.#view();
    this.#unchanged = undefined;
    return graphs;
  }

  /** Its graphs, to be read only. */
  #view(): ImportedModel {
    if (this.#unchanged) return this.#unchanged;
    const source = this.#original?.name ?? this.name;
    const imported = importModel(this.#skeleton, this.#payloads, source),
      graphs = [imported.graph, ...imported.functions];
    verify(graphs, source);
    for (const graph of graphs) inferShapes(graph);
    return this.#unchanged = imported;
  }

  /** Nodes, operators, parameters and size. */
  get stats(): ModelStats {
    return this.#stats ??= this.#count(this.#view());
  }

  #count({ graph, functions }: ImportedModel): ModelStats {
    const { model, external } = this.#layout();
    return statsOf([graph, ...functions], length(model) + length(external));
  }

  /** Nodes by operator. */
  get ops(): Record<string, number> {
    return this.stats.ops;
  }

  /** The inputs a caller must feed. */
  get inputs(): ModelPort[] {
    const { graph } = this.#view();
    return graph.inputs.filter((value) => !value.initializer).map(port);
  }

  /** The outputs. */
  get outputs(): ModelPort[] {
    return this.#view().graph.outputs.map(port);
  }

  /** Names of all nodes, subgraphs included, with their operators. */
  get nodes(): { name: string; opType: string; inputs: string[]; outputs: string[] }[] {
    const { graph, functions } = this.#view();
    const names = (values: readonly ({ name: string } | undefined)[]) => values.map((value) => value?.name ?? "");
    return [...allGraphs([graph, ...functions])].flatMap(({ nodes }) =>
      nodes.map((node) => ({
        name: node.label,
        opType: node.opType,
        inputs: names(node.inputs),
        outputs: names(node.outputs),
      }))
    );
  }

  /**
   * Writes the model to a file. Weights are streamed; those of a model that kept them in external files go to one file
   * `<path>.data` beside it. A model that nothing changed is copied byte for byte. On failure no file is left.
   */
  save(path: string | URL): Promise<void> {
    return new Promise((resolve) => {
      const file = path instanceof URL ? fileURLToPath(path) : path;
      const location = `${basename(file)}.data`;
      try {
        writeModel(file, this.#layout({ location, threshold: EXTERNAL_THRESHOLD }), join(dirname(file), location));
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        throw code
          ? new Error(`${file}: cannot be written (${message}). Does its folder exist?`, { cause: error })
          : error;
      }
      resolve();
    });
  }

  /** The whole model as the bytes of one .onnx file. Throws a RangeError for a model beyond protobuf's 2 GiB. */
  bytes(): Promise<Uint8Array> {
    const { model } = this.#layout();
    const size = length(model);
    if (size >= 2 ** 31) {
      return Promise.reject(new RangeError(`${this.name} has ${size} bytes, beyond protobuf's 2 GiB: save() it.`));
    }
    const out = new Uint8Array(size);
    let at = 0;
    stream(model, (chunk) => {
      out.set(chunk, at);
      at += chunk.length;
    });
    return Promise.resolve(out);
  }

  #layout(target?: ExternalTarget): { model: Segment[]; external: Segment[] } {
    if (this.#original) {
      const range = { source: this.#original, offset: 0, length: this.#original.size };
      return { model: [{ kind: "raw_data", range }], external: [] };
    }
    return layout(this.#skeleton, this.#payloads, this.#isExternal ? target : undefined);
  }
}

function port({ name, type, shape }: Value): ModelPort {
  return { name, type, shape: shapeOfFile(shape) };
}

function length(segments: readonly Segment[]): number {
  return segments.reduce((sum, part) => sum + (part instanceof Uint8Array ? part.length : payloadLength(part)), 0);
}

/**
 * Opens a model. Its weights stay where they are. Throws {@link ModelFormatError} for what is not ONNX or is truncated,
 * and the system's error for a file that cannot be read.
 *
 * @example A model from its bytes
 * ```ts
 * import { open } from "@layerfuse/layerfuse/fusion";
 *
 * // the smallest model: IR version 8, an empty graph
 * const model = await open(new Uint8Array([0x08, 0x08, 0x3a, 0x00]));
 * console.log(model.stats.nodes); // 0
 * ```
 */
export async function open(source: ModelSource): Promise<Model> {
  if (source instanceof Uint8Array) return Model.read(new BytesSource(source), "model");
  const url = source instanceof URL ? source : /^(https?|file):/.test(source) ? new URL(source) : undefined;
  if (!url || url.protocol === "file:") {
    const path = url ? fileURLToPath(url) : source as string;
    return Model.read(openFile(path), stem(path), dirname(path));
  }
  return Model.read(await download(url), stem(url.pathname));
}

function openFile(path: string): FileSource {
  try {
    return new FileSource(path);
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") {
      throw new Deno.errors.NotFound(`${path}: there is no such file. Give the path of an .onnx file.`);
    }
    throw error;
  }
}

function stem(path: string): string {
  return basename(path).replace(/\.onnx$/, "");
}

/** Downloads to a temporary file that goes when nobody reads it any more. */
async function download(url: URL): Promise<FileSource> {
  const response = await fetch(url);
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw new Error(`${url}: the server answered ${response.status} ${response.statusText}, expected an .onnx file.`);
  }
  const path = await Deno.makeTempFile({ suffix: ".onnx" });
  try {
    await Deno.writeFile(path, response.body);
    return new FileSource(path);
  } finally {
    await Deno.remove(path).catch(() => {}); // an open file cannot be removed everywhere
  }
}
