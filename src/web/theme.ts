import { createTheme, localStorageColorSchemeManager, type CSSVariablesResolver } from "@mantine/core";
import type { Tints } from "./charts/paint.ts";
import type { Scheme } from "./charts/palette.ts";

/**
 * Colours by meaning, once, for CSS (as `--name`) and for canvases. Text colours have a contrast of at
 * least 4.5:1 on `bg` and `surface`; theme.test.ts checks it. Red is for errors only, green for a verified fix only.
 */
export const colours = {
  light: {
    bg: "#ffffff",
    surface: "#f6f7f9",
    raised: "#ffffff",
    line: "#e3e6eb",
    edge: "#c9ced6",
    text: "#1a1e26",
    muted: "#5a6372",
    accent: "#3352c8",
    "accent-soft": "#edf0fc",
    error: "#bf2626",
    "error-soft": "#fdf1f0",
    warning: "#8f5500",
    "warning-soft": "#fdf6e7",
    info: "#2461b0",
    "info-soft": "#eef4fc",
    fixed: "#1a7440",
  },
  dark: {
    bg: "#14161b",
    surface: "#1b1e24",
    raised: "#1f2229",
    line: "#2a2e37",
    edge: "#434a57",
    text: "#e3e6ec",
    muted: "#9ba4b3",
    accent: "#93a9ff",
    "accent-soft": "#222842",
    error: "#ff8078",
    "error-soft": "#2d1c1d",
    warning: "#e5ae4b",
    "warning-soft": "#2a2318",
    info: "#82b4fb",
    "info-soft": "#1a2433",
    fixed: "#63c98a",
  },
} as const satisfies Record<Scheme, Record<string, string>>;

export function tintsOf(scheme: Scheme): Tints {
  const { text, muted, line, error, accent } = colours[scheme];
  return { text, muted, line, error, accent };
}

const variables = (scheme: Scheme): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(colours[scheme]).map(([name, value]) => [`--${name}`, value])),
  "--mantine-color-body": colours[scheme].bg,
  "--mantine-color-text": colours[scheme].text,
  "--mantine-color-dimmed": colours[scheme].muted,
  "--mantine-color-placeholder": colours[scheme].muted,
  "--mantine-color-default": colours[scheme].raised,
  "--mantine-color-default-hover": colours[scheme].surface,
  "--mantine-color-default-border": colours[scheme].edge,
  "--mantine-color-anchor": colours[scheme].accent,
});

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: variables("light"),
  dark: variables("dark"),
});

export const colourSchemes = localStorageColorSchemeManager({ key: "llmdbg-color-scheme" });

const fontFamily =
  '-apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif';

export const theme = createTheme({
  primaryColor: "accent",
  primaryShade: { light: 7, dark: 4 },
  colors: {
    accent: [
      "#edf0fc",
      "#d8dffa",
      "#b3c0f5",
      "#93a9ff",
      "#7c95f5",
      "#5b77e6",
      "#4463d9",
      "#3352c8",
      "#2b45aa",
      "#22378a",
    ],
  },
  fontFamily,
  fontFamilyMonospace:
    'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace',
  fontSizes: { xs: "12px", sm: "13px", md: "13px", lg: "15px", xl: "20px" },
  defaultRadius: 4,
  cursorType: "pointer",
  focusRing: "auto",
});
