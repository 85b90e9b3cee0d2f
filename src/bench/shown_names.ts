/** What to call files of ours in messages, by path: the files they were made of. */
const shown = new Map<string, string>();
/** Names of files that are long gone are forgotten. */
const MOST = 64;

/** Says that the file at `path` is to be called `name` in messages: it is a temporary copy of what the user knows by that. */
export function showAs(path: string, name: string): void {
  shown.delete(path);
  shown.set(path, name);
  for (const oldest of shown.keys()) if (shown.size > MOST) shown.delete(oldest);
}

/** What the file at a path is called in messages. */
export function shownName(path: string): string {
  return shown.get(path) ?? path;
}

/** ONNX Runtime's error for a model it does not load, with the file's name first, as the user knows it. */
export function loadError(path: string, error: unknown): Error {
  const name = shownName(path), { message } = error as Error;
  const reason = message.replace(/^Load model from .*? failed:\s*/s, "").replaceAll(path, name);
  return new Error(`${name}: ONNX Runtime does not load it: ${reason}`, { cause: error });
}
