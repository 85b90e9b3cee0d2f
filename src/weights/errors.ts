/** The bytes are no state dict that can be read. The message names the file, what was found and what was expected. */
export class WeightsFormatError extends Error {
  /** The error's name, `WeightsFormatError`. */
  override readonly name = "WeightsFormatError";
}

/** A tensor whose shape is not the network's. */
export interface Misshapen {
  /** Its name in the network. */
  readonly name: string;
  /** The shape that the network has. */
  readonly expected: readonly number[];
  /** The shape in the file. */
  readonly found: readonly number[];
}

/** A state dict is not this network's: every key that is missing, unexpected or misshapen. */
export class WeightsMismatchError extends Error {
  /** The error's name, `WeightsMismatchError`. */
  override readonly name = "WeightsMismatchError";

  /** The file. */
  readonly source: string;
  /** What the weights were for. */
  readonly architecture: string;
  /** Names that the network has and the file has not. */
  readonly missing: readonly string[];
  /** Names that the file has and the network has not. */
  readonly unexpected: readonly string[];
  /** Names in both with different shapes. */
  readonly misshapen: readonly Misshapen[];

  /** Lists all of them in the message. */
  constructor(
    source: string,
    architecture: string,
    missing: readonly string[],
    unexpected: readonly string[],
    misshapen: readonly Misshapen[],
  ) {
    const count = (names: readonly unknown[], what: string) => names.length === 0 ? [] : [`${names.length} ${what}`];
    const listed = (title: string, lines: readonly string[]) =>
      lines.length === 0 ? [] : [`${title}:\n${lines.map((line) => `  ${line}`).join("\n")}`];
    const numbers = [
      ...count(missing, "missing"),
      ...count(unexpected, "unexpected"),
      ...count(misshapen, "of another shape"),
    ];
    super(
      [
        `${source}: not a state dict of ${architecture} (${
          numbers.join(", ")
        }). Give the weights of this architecture.`,
        ...listed("missing", missing),
        ...listed("unexpected", unexpected),
        ...listed(
          "of another shape",
          misshapen.map(({ name, expected, found }) => `${name}: [${found}] in the file, expected [${expected}]`),
        ),
      ].join("\n"),
    );
    this.source = source;
    this.architecture = architecture;
    this.missing = missing;
    this.unexpected = unexpected;
    this.misshapen = misshapen;
  }
}
