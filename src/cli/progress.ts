/** Shows how far a long part is, on a terminal's stderr; does nothing anywhere else. */
export interface Progress {
  /** The share done, 0 to 1, and what is under way. */
  update(fraction: number, text: string): void;
  /** Takes the bar away. */
  stop(): void;
}

/** A progress bar for a terminal. */
export async function startProgress(): Promise<Progress> {
  if (!Deno.stderr.isTerminal()) return { update: () => {}, stop: () => {} };
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar({
    format: "{bar} {percentage}% {text}",
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    stream: (await import("node:process")).stderr,
  }, progress.Presets.shades_classic);
  bar.start(1000, 0, { text: "" });
  return {
    update: (fraction, text) => bar.update(Math.round(fraction * 1000), { text }),
    stop: () => bar.stop(),
  };
}
