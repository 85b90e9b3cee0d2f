/**
 * How src/ is compiled for a browser: what only a system with files has becomes an error that says so.
 *
 * @module
 */
import * as esbuild from "esbuild";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { minify } from "terser";
import protobuf from "../../src/proto/protobuf.ts";
import type { FieldInit, Schema } from "../../playground/protobuf.ts";
import { CONTRIB_QUANTISED_OPS } from "../../src/ops/contrib_quantised.ts";
import { OTHER_CONTRIB_OPS } from "../../src/ops/contrib_others.ts";
import { EXPERIMENTAL_OPS } from "../../src/ops/experimental.ts";
import { GENERATION_OPS } from "../../src/ops/generation.ts";
import { ML_OPS } from "../../src/ops/ml.ts";
import { SIGNAL_OPS } from "../../src/ops/signal.ts";
import { TEXT_OPS } from "../../src/ops/text.ts";
import { messageType } from "../../src/proto/schema.ts";

/** Operators that the page does not know, as `Model.stats` has them. */
export const LEFT_ALONE: readonly string[] = [
  ...Object.keys(ML_OPS).map((name) => `ai.onnx.ml.${name}`),
  ...[CONTRIB_QUANTISED_OPS, GENERATION_OPS, OTHER_CONTRIB_OPS].flatMap((ops) =>
    Object.keys(ops).map((name) => `com.microsoft.${name}`)
  ),
  ...Object.keys(EXPERIMENTAL_OPS),
  ...[SIGNAL_OPS, TEXT_OPS].flatMap(Object.keys),
];

/** Any function of a `node:` module, in a browser: reading and writing files is not for pages. */
const ABSENT = `
const absent = (name) => () => { throw new Error(name + "() needs a file system: not in a browser"); };
module.exports = new Proxy({ platform: "browser", env: {}, versions: {}, argv: [] }, {
  get: (known, name) => name in known ? known[name] : name === "__esModule" ? undefined : absent(String(name)),
});
`;

const withoutNode: esbuild.Plugin = {
  name: "without node",
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: "absent" }));
    build.onLoad({ filter: /.*/, namespace: "absent" }, () => ({ contents: ABSENT, loader: "js" }));
  },
};

/** Files of src/ that only files and downloads need. */
const FILES_ONLY =
  /[/\\]src[/\\]io[/\\](?:download|http|leftovers|locked_file|range_source|save_files|spool|staged_file|target|temporary_file)\.ts$/;

const withoutFiles: esbuild.Plugin = {
  name: "without files",
  setup(build) {
    build.onLoad({ filter: FILES_ONLY }, () => ({ contents: ABSENT, loader: "js" }));
  },
};

/** Files of src/ of which a page needs less: it takes the bytes of files, gives those of one, and measures by itself. */
const SMALLER: Readonly<Record<string, string>> = {
  "fusion/save.ts":
    `export const MOST_BYTES = 2 ** 31 - 1, saveModel = () => { throw new Error("not in a browser"); };`,
  "fusion/open.ts": `
    import { BytesSource } from "../io/source.ts";
    import { Model } from "./model.ts";
    export const OPEN_OPTIONS = {}, stem = String, webAddressOf = () => {};
    export async function open(bytes, { name, files, freezeInputs } = {}) {
      if (!(bytes instanceof Uint8Array)) throw new TypeError("a page opens bytes");
      const model = Model.read(new BytesSource(bytes, name), "model", { path: files });
      return freezeInputs ? model.withFrozenInputs() : model;
    }`,
  "fusion/meanings.ts": "export const meaningsOf = () => ({});", // the page itself has them
  "fusion/measure.ts": `export const measureRules = () => { throw new Error("not in a browser"); };`,
  "fusion/external_files.ts": `
    import { ModelFormatError } from "../io/errors.ts";
    import { BytesSource } from "../io/source.ts";
    export class ExternalFiles {
      notes = [];
      constructor(model, files) { this.model = model; this.files = files; }
      open(location) {
        const name = location.split("/").at(-1), bytes = this.files?.get(name);
        if (bytes) return new BytesSource(bytes, name);
        throw new ModelFormatError(this.model + ": its weights are in the file '" + location +
          "' beside it. Choose or drop both files at once.");
      }
    }`,
  // what is not known is left alone: classical models, what generates or takes text, layers on whole numbers, old and rare operators, spectra, cells dealt out to
  // batches, constants that are resized, normalised, filtered or pooled, what comes together again further on, sequences, cells cut
  // off a layer's result, axes that a Transpose moves joined, layers with movements between them
  "ops/contrib_quantised.ts": "export const CONTRIB_QUANTISED_OPS = {};",
  "ops/contrib_others.ts": "export const OTHER_CONTRIB_OPS = {};",
  "ops/experimental.ts": "export const EXPERIMENTAL_OPS = {};",
  "ops/generation.ts": "export const GENERATION_OPS = {};",
  "ops/ml.ts": "export const ML_OPS = {};",
  "ops/signal.ts": "export const SIGNAL_OPS = {};",
  "ops/text.ts": "export const TEXT_OPS = {};",
  "ops/trim.ts": "export const TRIMS = [], trimOf = () => {};",
  "ops/linear/trimmed.ts": "export const emitTrimmed = () => {};",
  "ops/linear/dilated.ts": "export const dilated = () => {};", // there are no cells dealt out to batches
  "rules/layers_apart.ts": "export const composedPastMovements = () => {};",
  "ops/reshaped_around.ts": "export const reshapedAround = () => {};",
  "ops/normalized.ts":
    "export const batchNormalized = () => {}, groupsNormalized = batchNormalized, meanVarianceNormalized = batchNormalized, " +
    "lpNormalized = batchNormalized, rowsNormalized = () => batchNormalized;",
  "ops/resized.ts": "export const resized = () => {};",
  "ops/sliding_window.ts": "export const convolved = () => {}, pooled = convolved, pooledWhole = convolved;",
  "ops/batches/batch_to_space.ts": "export const batchToSpace = () => {};",
  "ops/batches/space_to_batch.ts": "export const spaceToBatch = () => {}, takesMoved = spaceToBatch;",
  "ops/carry/regroup.ts": "export const regrouped = () => {};",
  "ops/carry/attention.ts": "export const attentionCarry = undefined, rotaryCarry = undefined;",
  "ops/carry/extreme.ts": "export const extremeCarry = undefined;",
  "ops/sequence_parts.ts":
    "export const SEQUENCE_ROOTS = [], madeOfSequence = () => {}, sequencePartsAt = madeOfSequence, writeParts = madeOfSequence;",
  "rewrite/alike.ts": "export const isRewrittenAlike = () => {};", // weights that layers share stay as they are, unless small
  "rewrite/rule_failure.ts":
    `export const endless = () => new Error("a rule does not come to an end"), failureOf = (rule, node, error) => error;`,
  "rules/one_source.ts": "export const oneSource = () => {};",
  "ops/take_affine.ts":
    "export const intoNormalization = () => () => {}, intoTable = () => {}, intoBlockScales = () => {};",
  // equal constants are told by their text, which takes more memory and fewer bytes of the page
  "tensor/tensor_ids.ts": `
    import { exactText } from "./expression.ts";
    import { valuesOf } from "./tensor.ts";
    export class TensorIds {
      ids = new Map();
      next = 0;
      known(tensor) {
        return this.ids.get(tensor);
      }
      idOf(tensor) {
        return this.of(tensor, () => {
          const { type, dims, size } = tensor, made = tensor.expression, head = type + "[" + dims + "]";
          if (made) return this.of([head, made.operation, made.operands.map((one) => this.idOf(one)), made.parameters()].join("|"));
          return size > 4096 || type === "string" || type === "opaque" ? this.next++
            : this.of(head + "=" + exactText(valuesOf(tensor)));
        });
      }
      of(key, id = () => this.next++) {
        if (!this.ids.has(key)) this.ids.set(key, id());
        return this.ids.get(key);
      }
    }`,
  // what is read by itself for speed
  "proto/text.ts": `
    export const TEXT = new TextDecoder("utf-8", { ignoreBOM: true });
    export const NAME = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });`,
  "proto/value_info.ts": `
    import { messageType } from "./schema.ts";
    export const readValueInfo = (bytes) => {
      const { name, type } = messageType("ValueInfoProto").decode(bytes), tensor = type?.tensor_type;
      const dimOf = (dim) => Object.hasOwn(dim, "dim_value") ? dim.dim_value < 0 ? null : Number(dim.dim_value) : dim.dim_param || null;
      return { name, elementType: tensor?.elem_type, dims: tensor?.shape?.dim.map(dimOf) };
    };`,
  "ops/versions.ts": `export const meansSame = (name, written, other) => written === other;`, // a function of another operator set stays a call
};

const smaller: esbuild.Plugin = {
  name: "smaller",
  setup(build) {
    const unused = new Set(Object.keys(SMALLER)), { entryPoints } = build.initialOptions;
    const isWhole = Array.isArray(entryPoints) && `${entryPoints[0]}`.endsWith("fusion.ts"); // other scripts have parts of it
    build.onEnd(() => {
      if (isWhole && unused.size > 0) throw new Error(`not in the page's rewriter: ${[...unused].join(", ")}`);
    });
    build.onLoad(
      {
        filter: /[/\\]src[/\\](?:fusion|ops|proto|rewrite|rules|tensor)(?:[/\\](?:batches|carry|linear))?[/\\]\w+\.ts$/,
      },
      ({ path }) => {
        const name = path.replaceAll("\\", "/").split("/src/").at(-1)!, contents = SMALLER[name];
        unused.delete(name);
        return contents === undefined ? undefined : { contents, loader: "js", resolveDir: dirname(path) };
      },
    );
  },
};

/** A page has bytes, and no files to read them from. */
const withoutFileSource: esbuild.Plugin = {
  name: "without sources that are files",
  setup(build) {
    build.onLoad({ filter: /[/\\]src[/\\]io[/\\]source\.ts$/ }, async ({ path }) => {
      const source = await Deno.readTextFile(path);
      const contents = source.replace(
        /\/\*\* What tells one state of a file[^]*(?=\/\*\* Bytes that are already in memory)/,
        "export class FileSource {}\n",
      );
      if (contents === source) throw new Error(`${path}: no FileSource to leave out`);
      return { contents, loader: "ts" };
    });
  },
};

/** What each rule does in a line is for the command line. */
const withoutSummaries: esbuild.Plugin = {
  name: "without summaries of rules",
  setup(build) {
    build.onLoad({ filter: /[/\\]src[/\\]rules[/\\]\w+\.ts$/ }, async ({ path }) => {
      const source = await Deno.readTextFile(path);
      return { contents: source.replace(/\bsummary:\s*"(?:[^"\\]|\\.)*"/g, 'summary: ""'), loader: "ts" };
    });
  },
};

/** Rules for kernels that no browser has. */
const withoutCpuRules: esbuild.Plugin = {
  name: "without rules for the CPU kernels",
  setup(build) {
    build.onLoad(
      { filter: /[/\\]src[/\\]rules[/\\]for_cpu\.ts$/ },
      () => ({ contents: "export const CPU_RULES = [];", loader: "js" }),
    );
  },
};

/** Names of options are checked for people who write code; the page's own are known. */
const withoutOptionNames: esbuild.Plugin = {
  name: "without names of options",
  setup(build) {
    const contents = "export class OptionError extends TypeError {}\n" +
      "export const checked = (what, options) => options, optionsOf = checked.bind(0, 0), nearest = () => {};";
    build.onLoad({ filter: /[/\\]src[/\\]host[/\\]options\.ts$/ }, () => ({ contents, loader: "js" }));
  },
};

/** The messages that can be in an ONNX model, as the page's reader of protobuf takes them. */
export function pageSchema(): Schema {
  const messages: Record<string, FieldInit[]> = {};
  const visit = (type: protobuf.Type): string => {
    const name = type.fullName.slice(1);
    if (messages[name]) return name;
    messages[name] = [];
    for (const field of type.fieldsArray) {
      const inner = field.resolve().resolvedType;
      const kind = inner instanceof protobuf.Type ? visit(inner) : inner ? "int32" : field.type;
      messages[name].push([field.id, field.name, kind, field.repeated, field.packed]);
    }
    return name;
  };
  visit(messageType("ModelProto"));
  return messages;
}

/** The page reads protobuf by itself (playground/protobuf.ts), with the schema parsed already. */
const parsedSchema: esbuild.Plugin = {
  name: "parsed schema",
  setup(build) {
    build.onResolve(
      { filter: /[/]protobuf\.ts$/ },
      () => ({ path: fileURLToPath(new URL("../../playground/protobuf.ts", import.meta.url)) }),
    );
    build.onLoad({ filter: /[/\\]src[/\\]proto[/\\]schema\.ts$/ }, async ({ path }) => {
      const source = await Deno.readTextFile(path);
      const contents = source.replace(
        "protobuf.parse(ONNX_PROTO, { keepCase: true }).root",
        `new protobuf.Root(${JSON.stringify(pageSchema())})`,
      );
      if (contents === source) throw new Error(`${path}: no call of protobuf.parse to replace`);
      return { contents, loader: "ts" };
    });
  },
};

/** Packages by Deno's cache: there is no node_modules. */
const fromCache: esbuild.Plugin = {
  name: "from Deno's cache",
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path, kind, resolveDir, pluginData }) => {
      if (kind === "entry-point" || path.startsWith("node:") || pluginData === "cached") return undefined;
      if (resolveDir.includes("registry.npmjs.org")) return undefined;
      if (import.meta.resolve(path).startsWith("npm:")) await import(path).catch(() => {}); // then it is in the cache
      return { path: fileURLToPath(import.meta.resolve(path)) };
    });
  },
};

/** How a file of the page is compiled: to one classic script, since a page from a file share may not load modules. */
function settings(entry: string, define: Record<string, string> = {}) {
  return {
    entryPoints: [entry],
    bundle: true,
    minify: true,
    charset: "utf8",
    write: false,
    format: "iife",
    platform: "browser",
    target: "es2022",
    define: { "import.meta.url": '"about:blank"', "import.meta.resolve": "String", ...define },
    logLevel: "warning",
    logOverride: { "package.json": "silent" },
    plugins: [
      withoutNode,
      withoutFiles,
      withoutFileSource,
      smaller,
      withoutCpuRules, // before what is done to every rule
      withoutSummaries,
      withoutOptionNames,
      parsedSchema,
      fromCache,
    ],
  } as const satisfies esbuild.BuildOptions;
}

/** Compiles one file, with all that it imports, to one minified script. */
export async function browserScript(entry: string, define?: Record<string, string>): Promise<string> {
  const { outputFiles } = await esbuild.build(settings(entry, define));
  const { code } = await minify(outputFiles[0].text, { // 5 % smaller than what esbuild leaves
    ecma: 2020,
    compress: { passes: 3, ecma: 2020, toplevel: true, unsafe_arrows: true, unsafe_methods: true },
    mangle: { toplevel: true },
  });
  return code!;
}
