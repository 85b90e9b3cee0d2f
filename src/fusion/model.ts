import { fileURLToPath } from "node:url";
import { formatErrorsOf } from "../io/errors.ts";
import { type ByteSource, FileSource } from "../io/source.ts";
import type { SavedFiles } from "../io/save_files.ts";
import { type ExternalTarget, type Layout, layout, segmentsLength } from "../proto/encode.ts";
import { resolveExternal } from "../proto/external.ts";
import { type Payload, readSkeleton } from "../proto/skeleton.ts";
import { streamed } from "../proto/stream.ts";
import { wireFields } from "../proto/wire.ts";
import { type ExportedModel, exportModel } from "../graph/export.ts";
import { ExternalFiles } from "./external_files.ts";
import { notesOn } from "./notes.ts";
import { allGraphs, type Dim, type Value } from "../graph/graph.ts";
import { withoutOverridables } from "../graph/freeze.ts";
import { FIELD, type ImportedModel, importModel } from "../graph/import.ts";
import { inlineCalls, type Inlined } from "../graph/inline.ts";
import { MOST_BYTES, saveModel, type SaveOptions } from "./save.ts";
import { inferWithClaims, type WrongClaim } from "../ops/claims.ts";
import { opOf } from "../ops/table.ts";
import { meansSame } from "../ops/versions.ts";
import { takeBranches, type TakenBranch } from "../graph/take_branches.ts";
import { type ModelStats, statsOf } from "../graph/stats.ts";
import { shapeOfFile } from "../graph/unnamed.ts";
import { verify } from "../graph/verify.ts";
import { verifyNodes, verifyTypes } from "./verify_nodes.ts";

/** An input or output of a model. */
export interface ModelPort {
  /** Name. */
  name: string;
  /** Element type, where the model says it. */
  type?: string;
  /** Shape: sizes, names of dynamic dimensions, null for unknown; absent where the rank is not known. */
  shape?: readonly Dim[];
}

/** Where the bytes of a model come from. */
interface Origin {
  /** The model file or bytes. */
  readonly model: ByteSource;
  /** Files that hold its weights. */
  readonly data: readonly ByteSource[];
}

/** What `Model.read` may do. */
export interface ReadOptions {
  /** The model's file, which data files lie beside; none where it has none. */
  path?: string;
  /** Whether data files may be links out of the model's folder, default false. */
  allowLinks?: boolean;
  /** What a reader should know of the file. */
  notes?: readonly string[];
}

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
  readonly #origin?: Origin;
  /** Whether nothing has changed since it was read. */
  readonly #isOriginal: boolean;
  /** What a user should know of where it was read from. */
  readonly notes: readonly string[];
  #stats?: ModelStats;
  /** How it is laid out in one file. */
  #inline?: Layout;
  #wrongClaims: readonly WrongClaim[] = [];
  /** Its graphs as they were read, until they are taken to be changed. */
  #unchanged?: ImportedModel;

  private constructor(
    name: string,
    { skeleton, payloads }: { skeleton: Uint8Array; payloads: readonly Payload[] },
    { origin, isExternal = false, isOriginal = false, notes = [] }: {
      origin?: Origin;
      isExternal?: boolean;
      isOriginal?: boolean;
      notes?: readonly string[];
    } = {},
  ) {
    this.name = name;
    this.#skeleton = skeleton;
    this.#payloads = payloads;
    this.#origin = origin;
    this.#isExternal = isExternal;
    this.#isOriginal = isOriginal;
    this.notes = notes;
  }

  /** Opens the model in a byte source. Throws {@link ModelFormatError} where it is none. */
  static read(source: ByteSource, name: string, { path, allowLinks = false, notes = [] }: ReadOptions = {}): Model {
    const files = new ExternalFiles(source.name, path, allowLinks);
    const { bytes: skeleton, payloads, isExternal, sources } = formatErrorsOf(
      source.name,
      () => resolveExternal(readSkeleton(source), source.name, (location) => files.open(location)),
    );
    const origin = { model: source, data: sources };
    const model = new Model(name, { skeleton, payloads }, { origin, isExternal, isOriginal: true, notes: files.notes });
    files.notes.push(...notes, ...notesOn(model.#view()));
    return model;
  }

  /**
   * A model made of an ONNX file's parts; used by builders.
   *
   * @internal
   */
  static from(exported: ExportedModel, name: string, notes?: readonly string[]): Model {
    return new Model(name, exported, { notes });
  }

  /**
   * The same model with its graphs replaced by changed ones that {@link Model.graphs} gave.
   *
   * @internal
   */
  with(graphs: ImportedModel, name: string = this.name): Model {
    const model = new Model(name, formatErrorsOf(this.source, () => exportModel(graphs)), {
      origin: this.#origin,
      isExternal: this.#isExternal,
      notes: this.notes,
    });
    model.#stats = model.#count(graphs);
    return model;
  }

  /**
   * The same model with the nodes of its functions in place of calls: of all of them, or of those in `only`.
   *
   * @internal
   */
  inlined(only?: ReadonlySet<string>): { model: Model; inlined: Inlined } {
    const isOperator = (domain: string, opType: string) => opOf({ domain, opType }) !== undefined;
    const inlined = inlineCalls(this.graphs(), { isOperator, meansSame }, only);
    return { model: this.#of(inlined.skeleton), inlined };
  }

  /**
   * The same model with the nodes of subgraphs that always run in place of the nodes that choose among them.
   *
   * @internal
   */
  withBranchesTaken(): { model: Model; taken: readonly TakenBranch[] } {
    const found = takeBranches(this.#view(), (node) => opOf(node)?.branch?.(node));
    return found ? { model: this.#of(found.skeleton), taken: found.taken } : { model: this, taken: [] };
  }

  /**
   * The same model with its initializers as constants: those that are also inputs are inputs no longer. Below IR version 4, where
   * every initializer must be listed as an input and no runtime lets a caller set one, nothing changes.
   */
  withFrozenInputs(): Model {
    const skeleton = withoutOverridables(this.#view());
    return skeleton ? this.#of(skeleton) : this;
  }

  /** A model with another skeleton and the same data. */
  #of(skeleton: Uint8Array): Model {
    return new Model(this.name, { skeleton, payloads: this.#payloads }, {
      origin: this.#origin,
      isExternal: this.#isExternal,
      notes: this.notes,
    });
  }

  /** The same model under another name. */
  named(name: string): Model {
    return new Model(name, { skeleton: this.#skeleton, payloads: this.#payloads }, {
      origin: this.#origin,
      isExternal: this.#isExternal,
      isOriginal: this.#isOriginal,
      notes: this.notes,
    });
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

  /**
   * What to call it in an error: the path, URL or `(bytes)` it was read from, else its name.
   *
   * @internal
   */
  get source(): string {
    return this.#origin?.model.name ?? this.name;
  }

  /** Its graphs, to be read only. */
  #view(): ImportedModel {
    if (this.#unchanged) return this.#unchanged;
    const source = this.source;
    return this.#unchanged = formatErrorsOf(source, () => {
      const imported = importModel(this.#skeleton, this.#payloads, source),
        graphs = [imported.graph, ...imported.functions];
      verify(graphs, source);
      verifyNodes(graphs, source);
      this.#wrongClaims = graphs.flatMap(inferWithClaims);
      verifyTypes(graphs, source);
      return imported;
    });
  }

  /** Whether it has functions of its own. */
  get hasFunctions(): boolean {
    return wireFields(this.#skeleton).some(({ number }) => number === FIELD.model.functions);
  }

  /** What the file claims of its values although its inputs say something else. None of it is believed. */
  get wrongClaims(): readonly WrongClaim[] {
    this.#view();
    return this.#wrongClaims;
  }

  /** Nodes, operators, parameters and size. */
  get stats(): ModelStats {
    return this.#stats ??= this.#count(this.#view());
  }

  #count({ graph, functions }: ImportedModel): ModelStats {
    return statsOf([graph, ...functions], segmentsLength(this.#layout().model));
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
   * Writes the model to a file, all of it or nothing: whatever fails, and whatever ends the process when, what was there is
   * still there. Weights are streamed; those of a model that kept them in external files, or that is larger than 1.5 GiB, go
   * to a data file beside it, under a name that no other model's data has. A model that nothing changed is copied byte for
   * byte, and over itself not written at all.
   * Resolves to the paths that were written.
   *
   * Throws a {@link FileError} for a path that cannot be written (a folder, a device, …), a {@link ChangedFileError} where
   * what it was opened from is no longer the same, and the signal's reason where that is aborted.
   */
  async save(path: string | URL, options: SaveOptions = {}): Promise<SavedFiles> {
    const file = path instanceof URL ? fileURLToPath(path) : path, origin = this.#origin;
    const sources = [origin?.model, ...origin?.data ?? []].filter((source) => source instanceof FileSource);
    const isInPlace = origin?.model instanceof FileSource && origin.model.isAt(file);
    if (this.#isOriginal && isInPlace && (options.externalData ?? "auto") === "auto") return { path: file };
    return await saveModel(
      {
        isExternal: this.#isExternal,
        sources: new Set(sources),
        origin: origin?.model instanceof FileSource ? origin.model : undefined,
        layout: (target) => this.#layout(target),
        source: this.source,
      },
      file,
      options,
    );
  }

  /** The whole model as the bytes of one .onnx file. Throws a RangeError for a model beyond protobuf's 2 GiB. */
  bytes(): Promise<Uint8Array> {
    return new Promise((resolve) => {
      const out = new Uint8Array(this.#size());
      let at = 0;
      formatErrorsOf(this.source, () => {
        for (const chunk of streamed(this.#layout().model)) {
          out.set(chunk, at);
          at += chunk.length;
        }
      });
      resolve(out);
    });
  }

  /** The bytes of one .onnx file as a stream, computed as it is read. Throws a RangeError for a model beyond protobuf's 2 GiB. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#size();
    const chunks = streamed(this.#layout().model);
    return new ReadableStream({
      pull(controller) {
        const { done, value } = chunks.next();
        if (done) controller.close();
        else controller.enqueue(value.slice());
      },
    }, { highWaterMark: 0 });
  }

  #size(): number {
    const size = segmentsLength(this.#layout().model);
    if (size <= MOST_BYTES) return size;
    throw new RangeError(
      `${this.source}: the result has ${size} bytes, beyond protobuf's 2 GiB. Save it to a file: its weights get a data file.`,
    );
  }

  #layout(target?: ExternalTarget): Layout {
    const source = this.#origin?.model;
    if (this.#isOriginal && !this.#isExternal && !target) {
      return {
        model: [{ kind: "raw_data", range: { source: source!, offset: 0, length: source!.size } }],
        external: [],
      };
    }
    return target
      ? layout(this.#skeleton, this.#payloads, target)
      : this.#inline ??= layout(this.#skeleton, this.#payloads);
  }
}

function port({ name, type, shape }: Value): ModelPort {
  return { name, type, shape: shapeOfFile(shape) };
}
