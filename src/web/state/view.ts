import { z } from "zod";
import { Level } from "../../model/record.ts";

export const AxisKind = z.enum(["step", "time", "relative", "tokens", "epoch"]);
export type AxisKind = z.infer<typeof AxisKind>;

export const maxSmoothing = 0.999;

const flag = z.literal("1").transform(() => true);
const list = z.string().transform((text) => text.split(",").filter((item) => item !== ""));
const number = z.string().transform(Number).pipe(z.number());

/**
 * Everything a person can set on a page, kept in the URL so that a link shows the same. The URL is a
 * door: what is not understood is left out, field by field. Undefined: not set.
 */
const fields = {
  x: AxisKind,
  smoothing: number.pipe(z.number().min(0).max(maxSmoothing)),
  logX: flag,
  logY: flag,
  /** Zoom, in units of the x axis (ms since the epoch for `time`, ms for `relative`). */
  from: number,
  to: number,
  /** Whole run instead of the zoom to the onset that is set by default. */
  whole: flag,
  /** The zoom moves along with the newest point. */
  follow: flag,
  tab: z.enum(["curves", "layers", "log", "config", "about"]),
  /** Statistic, grouping, filter and open layer of the map of layers. */
  stat: z.string().max(256),
  detail: z.enum(["modules", "blocks", "kinds"]),
  modules: z.string().max(512),
  layer: z.string().max(512),
  /** Open finding as `findingKey` spells it; empty when all are closed. */
  finding: z.string().max(600),
  /** Step whose records and values are shown. */
  moment: number,
  level: Level,
  log: z.string().max(1000),
  group: z.string().max(512),
  q: z.string().max(1000),
  sort: z.string().max(64),
  runs: list,
  hidden: list,
  /** Of the compared runs, those after a change; the others are before it. */
  after: list,
  against: z.string().max(128),
  /** Examples of an evaluation: conditions as the API takes them, only wrong ones, by place instead of by error, text. */
  where: z.string().max(8_000),
  wrong: flag,
  inOrder: flag,
  find: z.string().max(1000),
  /** Attribute whose values are plotted against the error. */
  attribute: z.string().max(256),
} as const;

export type View = { readonly [K in keyof typeof fields]?: z.output<(typeof fields)[K]> | undefined };

const Fields = z.object(fields).partial();

export function parseView(search: string): View {
  const found = new Map<string, string>();
  const params = new URLSearchParams(search);
  for (const [key, schema] of Object.entries(fields)) {
    const text = params.get(key);
    if (text !== null && schema.safeParse(text).success) found.set(key, text);
  }
  const view = Fields.safeParse(Object.fromEntries(found));
  return view.success ? view.data : {};
}

export function formatView(view: View): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(view)) {
    if (value === undefined || value === false) continue;
    const text = value === true ? "1" : String(value);
    if (text !== "" || key === "finding") params.set(key, text);
  }
  // Commas and colons read better as themselves, and are allowed in a query.
  return params.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%40", "@");
}
