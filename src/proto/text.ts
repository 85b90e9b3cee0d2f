/** Text of a model. A byte order mark belongs to it, as the runtime reads it; bytes that are no UTF-8 become `�`. */
export const TEXT: TextDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Names that tie values together: what is no UTF-8 would not be the same name again when written, so it throws a TypeError. */
export const NAME: TextDecoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
