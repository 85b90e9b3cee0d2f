import process from "node:process";

/** Shows how far a long part is, on a terminal's stderr; does nothing anywhere else. */
export interface Progress {
  /** The share done, 0 to 1, and what is under way. */
  update(fraction: number, text: string): void;
  /** Takes the bar away. */
  stop(): void;
}

/** Steps of a bar. */
const STEPS = 1000;

/** A progress bar for a terminal, with the time that is left. */
export async function startProgress(): Promise<Progress> {
  if (!process.stderr.isTTY) return { update: () => {}, stop: () => {} };
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar({
    format: "{bar} {percentage}%  {eta_formatted} left  {text}",
    barsize: 24,
    etaBuffer: 50,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  }, progress.Presets.shades_classic);
  bar.start(STEPS, 0, { text: "" });
  return {
    update: (fraction, text) => bar.update(Math.round(fraction * STEPS), { text }),
    stop: () => bar.stop(),
  };
}
