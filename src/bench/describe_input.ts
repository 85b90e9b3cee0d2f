import type { InputDescription } from "./session.ts";

/** `image float32 [batch, 1, 28, 28]`, for messages. */
export function describeInput({ name, type, dims }: InputDescription): string {
  return `${name} ${type} [${dims.map((dim) => dim === "" ? "?" : dim).join(", ")}]`;
}

/** What a model handle says of its inputs, as a session would: an unknown type is taken for float32. */
export function describePorts(
  ports: readonly { name: string; type?: string; shape?: readonly (number | string | null)[] }[],
): InputDescription[] {
  return ports.map(({ name, type = "float32", shape = [] }) => ({ name, type, dims: shape.map((dim) => dim ?? "") }));
}
