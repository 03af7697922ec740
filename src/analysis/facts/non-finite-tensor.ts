import type { LogRecord } from "../../model/record.ts";
import { at } from "../../base/statistics.ts";
import { fromWire } from "../../model/number.ts";
import { defineFact } from "../fact.ts";
import { layerNonFinite } from "../signals.ts";
import { layerOrder } from "./layer-order.ts";

export type Phase = "forward" | "backward" | "optimizer";

/** Where the first number that is not finite was made. */
export interface NonFiniteTensor {
  readonly layer: string;
  readonly phase: Phase;
  readonly step: number;
  readonly time: number | null;
  /** `output`, `grad`, `weight` or `input`; null when only counts are known. */
  readonly tensor: string | null;
  readonly class: string | null;
  readonly nan: number | null;
  readonly inf: number | null;
  readonly of: number | null;
  readonly inputFinite: boolean | null;
  readonly inputMax: number;
  /** Layer that made the input. */
  readonly producer: string | null;
  /** Module that had run last when the numbers were lost in code outside of any module, within `layer`. */
  readonly after: string | null;
  /** Series that counts them, for evidence; null when there is only the record. */
  readonly series: string | null;
  /** Watched steps from the first one on at which numbers were lost, and the last of them. */
  readonly badSteps: number;
  readonly lastStep: number;
}

const opening = /^first non-finite tensor\b/;
const phases: readonly Phase[] = ["forward", "backward", "optimizer"];

/** `key=value` pairs; a value with blanks stands in double quotes. */
function readLogfmt(text: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const [, key = "", quoted, plain] of text.matchAll(/([A-Za-z_][\w.]*)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g))
    pairs.set(key, quoted?.replaceAll(/\\(.)/g, "$1") ?? plain ?? "");
  return pairs;
}

const isFirstNonFinite = (record: LogRecord): boolean => opening.test(record.message);

interface Scan {
  read: number;
  first: LogRecord | null;
}
/** Records are only appended: each is looked at once. */
const scans = new WeakMap<readonly LogRecord[], Scan>();

function firstRecord(records: readonly LogRecord[]): LogRecord | null {
  const scan = scans.get(records) ?? { read: 0, first: null };
  scans.set(records, scan);
  for (; scan.read < records.length && scan.first === null; scan.read++) {
    const record = records[scan.read];
    if (record !== undefined && record.step !== null && isFirstNonFinite(record)) scan.first = record;
  }
  return scan.first;
}

export const nonFiniteTensor = defineFact<NonFiniteTensor | "none">({
  id: "layer/non_finite (llmdbg.watch)",
  derive(run, get) {
    const counted = run.series(layerNonFinite);
    const record = firstRecord(run.records());
    if (counted.length === 0 && record === null) return undefined;
    const order = get(layerOrder) ?? new Map<string, number>();
    const bad = new Set<number>();
    let first: Place | null = null;
    for (const series of counted) {
      for (let row = 0; row < series.length; row++) {
        if (!(at(series.value, row) > 0)) continue;
        const step = at(series.step, row);
        bad.add(step);
        const phase = phases.find((one) => one === series.labels["phase"]) ?? "forward";
        const layer = series.labels["layer"] ?? "";
        const place = { layer, phase, step, series: series.id, depth: depthOf(layer, order) };
        if (first === null || isBefore(place, first)) first = place;
      }
    }
    const named = record === null ? null : read(record);
    const found = named ?? first;
    if (found === null) return "none";
    const after = [...bad].filter((step) => step >= found.step);
    return {
      ...unnamed,
      ...found,
      series:
        counted.find((series) => series.labels["layer"] === found.layer && series.labels["phase"] === found.phase)
          ?.id ?? null,
      badSteps: Math.max(1, after.length),
      lastStep: after.reduce((last, step) => Math.max(last, step), found.step),
    };
  },
});

interface Place {
  readonly layer: string;
  readonly phase: Phase;
  readonly step: number;
  readonly depth: number;
}

/** A container is done after all that is in it; one that holds no layer that is known, as the model itself, comes last. */
function depthOf(layer: string, order: ReadonlyMap<string, number>): number {
  const own = order.get(layer);
  if (own !== undefined) return own;
  let last = Number.NEGATIVE_INFINITY;
  for (const [other, depth] of order) if (other.startsWith(`${layer}.`)) last = Math.max(last, depth);
  return last === Number.NEGATIVE_INFINITY ? Number.POSITIVE_INFINITY : last + 1 - layer.length / maxPath;
}

/** Longer than any path of a module: of two containers that end together the inner one is done first. */
const maxPath = 1e4;

/** Forward runs down the network, backward up again: the first bad layer of a backward pass is the deepest. */
function isBefore(a: Place, b: Place): boolean {
  if (a.step !== b.step) return a.step < b.step;
  if (a.phase !== b.phase) return phases.indexOf(a.phase) < phases.indexOf(b.phase);
  return a.phase === "backward" ? a.depth > b.depth : a.depth < b.depth;
}

const unnamed = {
  time: null,
  tensor: null,
  class: null,
  nan: null,
  inf: null,
  of: null,
  inputFinite: null,
  inputMax: Number.NaN,
  producer: null,
  after: null,
};

function read(record: LogRecord): Omit<NonFiniteTensor, "series" | "badSteps" | "lastStep"> | null {
  const pairs = readLogfmt(record.message);
  const layer = pairs.get("layer");
  const phase = phases.find((one) => one === pairs.get("phase"));
  if (layer === undefined || phase === undefined || record.step === null) return null;
  const number = (key: string): number | null => {
    const text = pairs.get(key);
    const value = text === undefined ? Number.NaN : (fromWire(text) ?? Number(text));
    return Number.isNaN(value) ? null : value;
  };
  const producer = pairs.get("producer") ?? "-";
  const finite = pairs.get("input_finite")?.toLowerCase();
  return {
    layer,
    phase,
    step: record.step,
    time: record.time,
    tensor: pairs.get("tensor") ?? null,
    class: pairs.get("class") ?? null,
    nan: number("nan"),
    inf: number("inf"),
    of: number("of"),
    inputFinite: finite === "true" ? true : finite === "false" ? false : null,
    inputMax: number("input_abs_max") ?? Number.NaN,
    producer: producer === "-" || producer === "" ? null : producer,
    after: phase === "forward" && pairs.get("tensor") === "output" ? ranBefore(record, layer) : null,
  };
}

/** The backtrace ends with the module that ran last: the layer itself, unless the code between its parts is to blame. */
function ranBefore(record: LogRecord, layer: string): string | null {
  const last = record.exception?.split("\n").findLast((line) => line.trim() !== "");
  const path = last === undefined || last.endsWith(" running") ? undefined : /^#\d+ (\S+) \(/.exec(last)?.[1];
  return path === undefined || path === layer ? null : path;
}
