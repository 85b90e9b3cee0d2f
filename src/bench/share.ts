/**
 * Reads a share such as `2%` or `0.5 %`: 0.02, 0.005.
 *
 * A number without the sign is refused, since `2` has been read as 200% and `0.02` may have been meant as 0.02%.
 *
 * @throws {Error} If it is not a number of at least 0 with a `%`; of a bare number it says the two ways it could be meant.
 */
export function parseShare(text: string): number {
  const [, number, sign] = /^(\d+(?:\.\d+)?|\.\d+)[ \u00a0\u202f]?(%?)$/.exec(text.trim()) ?? [];
  if (number === undefined) throw new Error(`${JSON.stringify(text)}: expected a share such as 2%`);
  if (!sign) {
    const whole = Number((100 * Number(number)).toPrecision(12));
    const meanings = whole === 0 ? "" : `could mean ${number}% or ${whole}%; `;
    throw new Error(`${JSON.stringify(text)}: ${meanings}expected a share with its sign, such as ${number}%`);
  }
  const share = Number(number) / 100;
  if (share === Infinity) throw new Error(`${text.slice(0, 20)}…: expected a share such as 2%`);
  return share;
}
