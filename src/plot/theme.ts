/**
 * Colours and type of every plot and page, as CSS variables with a light and a dark value.
 *
 * `before` and `after` are Okabe and Ito's vermillion and blue (their orange-red and sky blue in the dark), a pair that
 * readers with any common colour blindness tell apart; nothing is said by colour alone.
 *
 * @module
 */

/** Light or dark. */
export type Theme = "light" | "dark";

/** Names of the colours. */
export type ColorName =
  | "surface"
  | "page"
  | "ink"
  | "muted"
  | "grid"
  | "before"
  | "after"
  | "control"
  | "error"
  | "fused";

/** Each colour in light and dark, as hexadecimal RGB. */
const COLORS: Readonly<Record<ColorName, { readonly light: string; readonly dark: string }>> = {
  surface: { light: "#ffffff", dark: "#171a20" },
  page: { light: "#f6f7f9", dark: "#0f1115" },
  ink: { light: "#1a1e24", dark: "#e9ebee" },
  muted: { light: "#56606c", dark: "#a7b0bb" },
  grid: { light: "#dfe3e8", dark: "#333943" },
  before: { light: "#d55e00", dark: "#ff9a52" },
  after: { light: "#0072b2", dark: "#56b4e9" },
  control: { light: "#7d8590", dark: "#8b949e" },
  error: { light: "#8e4585", dark: "#d896cf" },
  fused: { light: "#007a5a", dark: "#3ccf9f" },
};

/** The font stack of plots and pages: whatever the reader's system has. */
export const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

/** The CSS value of a colour, to be used wherever a colour goes: `var(--lf-before)`. */
export function color(name: ColorName): string {
  return `var(--lf-${name})`;
}

/** The declarations of one theme: `--lf-surface:#ffffff;…`. */
function declarations(theme: Theme): string {
  return Object.entries(COLORS).map(([name, value]) => `--lf-${name}:${value[theme]}`).join(";");
}

/**
 * CSS that gives the variables their values: light, dark where the reader's system asks for it, and JupyterLab's or VS Code's
 * own choice where there is one. `selector` says where they hold, e.g. `.lf-plot` or `:root`.
 */
export function themeCss(selector: string): string {
  const light = declarations("light"), dark = declarations("dark");
  return [
    `${selector}{color-scheme:light dark;${light}}`,
    `@media (prefers-color-scheme:dark){${selector}{${dark}}}`,
    ...(selector === ":root" ? [] : [
      `:is([data-jp-theme-light="true"],[data-vscode-theme-kind$="light"]) ${selector}{color-scheme:light;${light}}`,
      `:is([data-jp-theme-light="false"],[data-vscode-theme-kind]:not([data-vscode-theme-kind$="light"])) ${selector}{color-scheme:dark;${dark}}`,
    ]),
  ].join("\n");
}

/** The SVG with every variable replaced by its value in one theme, for renderers without CSS variables. */
export function resolveTheme(svg: string, theme: Theme): string {
  return svg.replace(/var\(--lf-([a-z]+)\)/g, (whole, name) => COLORS[name as ColorName]?.[theme] ?? whole);
}
