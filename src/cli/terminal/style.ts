import picocolors from "picocolors";

/** What a stream can show. Every text that is rendered takes one, so that pipes and tests get plain text. */
export interface Style {
  readonly colours: ReturnType<typeof picocolors.createColors>;
  /** Block characters and arrows; otherwise ASCII stands in. */
  readonly unicode: boolean;
  /** Columns to wrap at. */
  readonly width: number;
  /** A person looks at this stream now. */
  readonly interactive: boolean;
}

interface Stream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Readable line length: longer lines are hard to follow even in a wide terminal. */
const widest = 100;

export function createStyle(stream: Stream, env: Variables): Style {
  const interactive = stream.isTTY === true;
  return {
    colours: picocolors.createColors(wantsColours(interactive, env)),
    unicode: canShowUnicode(env),
    width: Math.max(40, Math.min(stream.columns ?? widest, widest)),
    interactive,
  };
}

/** NO_COLOR (no-color.org) wins over FORCE_COLOR; a pipe gets colours only when forced. */
function wantsColours(interactive: boolean, env: Variables): boolean {
  if ((env["NO_COLOR"] ?? "") !== "") return false;
  const forced = env["FORCE_COLOR"] ?? "";
  if (forced !== "") return forced !== "0" && forced !== "false";
  return interactive && env["TERM"] !== "dumb";
}

/** The Linux console and TERM=dumb have no block characters; elsewhere the locale decides. */
function canShowUnicode(env: Variables): boolean {
  if (env["TERM"] === "linux" || env["TERM"] === "dumb") return false;
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  return locale === "" ? env["WT_SESSION"] !== undefined || env["TERM_PROGRAM"] !== undefined : /utf-?8/i.test(locale);
}
