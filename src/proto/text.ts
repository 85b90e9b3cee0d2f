/** Longer texts are left to the platform. */
const SHORT = 64;

/** Decodes UTF-8; short ASCII, which most names are, takes no call out of JavaScript. */
class Decoder {
  readonly #native: TextDecoder;

  constructor(options: TextDecoderOptions) {
    this.#native = new TextDecoder("utf-8", options);
  }

  /** The text; of no bytes the empty one. */
  decode(bytes: Uint8Array | undefined): string {
    if (!bytes || bytes.length > SHORT) return this.#native.decode(bytes);
    for (let at = 0; at < bytes.length; at++) if (bytes[at] > 127) return this.#native.decode(bytes);
    return String.fromCharCode.apply(null, bytes as unknown as number[]);
  }
}

/** Text of a model. A byte order mark belongs to it, as the runtime reads it; bytes that are no UTF-8 become `�`. */
export const TEXT: Decoder = new Decoder({ ignoreBOM: true });

/** Names that tie values together: what is no UTF-8 would not be the same name again when written, so it throws a TypeError. */
export const NAME: Decoder = new Decoder({ ignoreBOM: true, fatal: true });
