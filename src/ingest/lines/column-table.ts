import { numberOf } from "../number-text.ts";
import type { LineParser, Metric, Reading } from "./line-parser.ts";
import { isMeasureName } from "./measure-words.ts";
import { anySplit, lastSplitIn, prefixOf, splitOfName } from "./split-words.ts";

// Tables of one row for each step or epoch, in columns of blanks or between bars: fastai's recorder, spaCy's logger,
// Chainer's PrintReport, DeePMD's lcurve.out, prettytable and rich:
// `epoch     train_loss  valid_loss  accuracy  time` / `0         2.411000    2.101000    0.312000  00:12`
// and AllenNLP's, whose columns are the parts of the data: `Training |  Validation` / `loss  |  1.331  |  0.670`.
const bars = /[|│┃]/;
const rule = /^[-+=|\s┏━┳┓┡╇┩└─┴┘├┼┤│┃]+$/;
const place = /^(?:#|e|epochs?|steps?|iter\w*|it|batch|round|global_step)$/i;
const finer = /^(?:#|steps?|iter\w*|it|batch|global_step)$/i;
const aside = /^(?:time|elapsed\w*|eta|date|.*\btime)$/i;
const empty = /^(?:n\/?a|none|-+|)$/i;
const widest = 40;
const longest = 1_024;

interface Cell {
  readonly text: string;
  readonly at: number;
}

interface Table {
  readonly names: readonly string[];
  readonly starts: readonly number[];
  readonly hasBars: boolean;
  readonly step: number;
}

/** Rows of a table whose header names a step or an epoch and a metric. */
export const columnTable: LineParser = {
  id: "column-table",
  open: (progress) => {
    let table: Table | undefined;
    let splits: readonly string[] | undefined;
    return ({ body, bar }): Reading | undefined => {
      if (bar !== undefined || body.length > longest || (table === undefined && !mayHead(body) && splits === undefined))
        return undefined;
      if (rule.test(body)) return undefined;
      const hasBars = bars.test(body);
      const cells = cellsOf(body, hasBars);
      const parts = partsOf(cells);
      if (parts !== undefined) {
        splits = parts;
        return {};
      }
      if (splits !== undefined && cells.length === splits.length + 1)
        return partsRow(cells, splits, progress.lastStep ?? 0);
      if (!hasBars) splits = undefined;
      const head = headOf(cells, hasBars);
      if (head !== undefined) {
        table = head;
        return {};
      }
      return table === undefined || table.hasBars !== hasBars ? undefined : rowOf(cells, table);
    };
  },
};

/** Most lines of a log are no header of a table. */
const mayHead = (body: string): boolean =>
  !body.includes("=") && !/\d\.\d/.test(body) && (isMeasureName(body) || (bars.test(body) && anySplit.test(body)));

function cellsOf(body: string, hasBars: boolean): Cell[] {
  const cells: Cell[] = [];
  const pattern = hasBars ? /[^|│┃]+/g : /\S+(?: \S+)*/g;
  const text = hasBars
    ? body
        .trim()
        .replace(/^[|│┃]/, " ")
        .replace(/[|│┃]$/, "")
    : body;
  for (const match of text.matchAll(pattern)) {
    if (cells.length > widest) return [];
    cells.push({ text: match[0].trim(), at: match.index });
  }
  return cells;
}

function headOf(cells: readonly Cell[], hasBars: boolean): Table | undefined {
  if (
    cells.length < 3 ||
    cells.some(({ text }) => numberOf(text) !== undefined || text.length > 60 || /[=:]/.test(text))
  )
    return undefined;
  const shown = cells.map((cell) => (cell.text.startsWith("# ") ? { ...cell, text: cell.text.slice(2).trim() } : cell));
  // A comment's mark in front of the names is no column, spaCy's `#` between them is one.
  const all = shown[0]?.text === "#" ? shown.slice(1) : shown;
  const places = all.map(({ text }) => place.test(text));
  if (!places.some(Boolean) || !all.some(({ text }) => isMeasureName(text))) return undefined;
  const fine = all.findIndex(({ text }) => finer.test(text));
  const names = all.map(({ text }) => text);
  const heldOut = names.filter((name) => splitOfName(name) === "held-out" && isMeasureName(name));
  const hasHeldOut = heldOut.length > 0 && heldOut.every((name) => /loss/i.test(name));
  return {
    // A measure that says nothing stands beside a held-out loss: it is of these data.
    names: names.map((name) =>
      hasHeldOut && splitOfName(name) === undefined && isMeasureName(name) && !/loss|grad/i.test(name)
        ? `valid/${name}`
        : name,
    ),
    starts: all.map(({ at }) => at),
    hasBars,
    step: fine < 0 ? places.indexOf(true) : fine,
  };
}

function rowOf(cells: readonly Cell[], table: Table): Reading | undefined {
  if (cells.length < 2 || cells.length > table.names.length) return undefined;
  const isFull = cells.length === table.names.length;
  const values = new Map<number, number>();
  for (const [i, { text, at }] of cells.entries()) {
    const column = isFull ? i : nearest(table.starts, at);
    const value = numberOf(text.replace(/%$/, ""));
    if (value !== undefined) values.set(column, value);
    else if (!empty.test(text) && !aside.test(table.names[column] ?? "")) return undefined;
  }
  const step = values.get(table.step);
  if (step === undefined || !Number.isInteger(step)) return undefined;
  const metrics: Metric[] = [];
  for (const [column, value] of values) {
    const name = table.names[column] ?? "";
    if (column !== table.step && !aside.test(name)) metrics.push([place.test(name) ? "epoch" : name, value]);
  }
  return metrics.length === 0 ? undefined : { step, metrics };
}

/** The column whose head begins nearest. */
const nearest = (starts: readonly number[], at: number): number =>
  starts.reduce((best, start, i) => (Math.abs(start - at) < Math.abs((starts[best] ?? 0) - at) ? i : best), 0);

/** A header that names nothing but parts of the data. */
function partsOf(cells: readonly Cell[]): readonly string[] | undefined {
  if (cells.length < 2 || !cells.every(({ text }) => /^[A-Za-z]+$/.test(text) && lastSplitIn(text) !== undefined))
    return undefined;
  return cells.map(({ text }) => (lastSplitIn(text)?.isHeldOut === true ? `${prefixOf(text)}/` : "epoch/"));
}

/** Means over an epoch of training stand beside the curve and not in it. */
function partsRow(cells: readonly Cell[], splits: readonly string[], step: number): Reading | undefined {
  const [name, ...rest] = cells;
  if (name === undefined || !isMeasureName(name.text)) return {};
  const metrics: Metric[] = [];
  rest.forEach(({ text }, i) => {
    const value = numberOf(text);
    if (value !== undefined) metrics.push([(splits[i] ?? "") + name.text, value]);
  });
  return { step, metrics, isEvaluation: true };
}
