/** A safetensors file of a header and its data. */
export function safetensors(header: unknown, data: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header)), length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true);
  const file = new Uint8Array(8 + json.length + data.length);
  file.set(length);
  file.set(json, 8);
  file.set(data, 8 + json.length);
  return file;
}
