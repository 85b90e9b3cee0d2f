import { isDownloaded } from "../io/download.ts";
import { RangeSource } from "../io/range_source.ts";
import { payloadRanges } from "../proto/skeleton.ts";
import { Model } from "./model.ts";
import { type OpenOptions, stem } from "./open.ts";

/** Weights of fewer bytes are loaded with the skeleton: rules look at their values. */
const SMALL = 1 << 16;

/** A model on a server, of which only the skeleton and the small weights are loaded. */
export interface RemoteModel {
  /** What does a piece of work, and loads what that needs besides. */
  readonly source: RangeSource;
  /** The model, to be inspected; its large weights are not there. */
  readonly model: Model;
}

/** Opens a model by ranges of its URL; undefined where the server gives none, or the file is in the cache. */
export async function openByRanges(
  url: URL,
  { cache, signal, maxBytes }: OpenOptions,
): Promise<RemoteModel | undefined> {
  if (cache !== false && isDownloaded(url, cache)) return undefined;
  const source = await RangeSource.open(url, { signal, maxBytes });
  if (!source) return undefined;
  const ranges = await source.loading(() => payloadRanges(source));
  await source.load(ranges.filter(({ length }) => length < SMALL));
  return { source, model: await source.loading(() => Model.read(source, stem(url.pathname))) };
}
