/** Where a line of a hand-written loop stands: its step, its epoch, and how many batches an epoch has. */
import type { Pair } from "./pairs.ts";

export interface Place {
  readonly step?: { readonly value: number; readonly total?: number; readonly inEpoch: boolean };
  readonly epoch?: number;
  /** Where the step stood, when it was found by its place alone. */
  readonly isLeading?: boolean;
}

export const isStepKey = (key: string): boolean => stepKey.test(key);
export const isEpochKey = (key: string): boolean => epochKey.test(key);

const stepKey =
  /^(?:(?:train|training|trainer|current|cur|total|completed|finished|done|optimizer|total_train|num|learning)[ _./])?(global[ _]?step|step|steps|iter|iters|iteration|iterations|it|num_updates|update|updates)$/i;
const epochKey = /^(?:(?:train|current|cur|eval)[ _])?epochs?$|^ep\.?$/i;
// Words that stand in front of a number without `=` or `:`: "step 10", "iter 10/100", "Epoch [1/10]", Marian's "Up. 10".
const stepWord =
  /(?:^|[\s[(|,>-])(?:global[ _]?step|step|iter(?:ation)?|update|batch|up\.|it(?= *\d))s?[\s#]*[[(]?\s*(\d[\d,]*)(?:\s*\/\s*(\d[\d,]*))?/i;
// "epoch 8.40" beside a step says how much was seen, and counts no epoch.
const epochWord = /(?:^|[\s[(|,])(?:epoch|ep\.)[\s#]*[:=]?\s*[[(]?\s*(\d+)(?!\.?\d)(?:\s*\/\s*(\d+))?/i;

const part = String.raw`(\d+)(?!\d)(?:\s*\/\s*\d+(?!\d))?(?:\s*\(\s*\d+ ?%\s*\))?`;
/** A counter right behind an epoch is of its batches: "Train: 0 [ 50/1251 (4%)]", "epoch 1 | 200/2323 batches", "Epoch: [0/100]  [20/250]". */
const epochAndBatch = new RegExp(
  String.raw`(?:^|[\s[(|])(?:train(?:ing)?|epoch|ep\.?)\s*(?:epoch)?\s*[:=#]?\s*[[(]?\s*${part}\s*[\])]?\s*[|,:;-]?\s*` +
    String.raw`(?:(?:batch|iter|step|it)[\s.#:]*)?[[(|]?\s*(?<![\d/])(\d+)\s*\/\s*(\d+)`,
  "i",
);
/** "[0/25][50/782] ..." */
const twoCounters = /^\s*\[(\d+)\/\d+\]\s*\[(\d+)\/(\d+)\]/;
/** "[1,  2000] ...": an epoch and a batch. */
const pairOfNumbers = /^\s*\[(\d+),\s+(\d+)\]/;
/** "[1000/3000] ...", "[100] ...", "100/500: ...", "10 | loss ...". */
const leading =
  /^\s*(?:\[\s*(\d+)(?:\s*\/\s*(\d+))?\s*\]:?\s*(?=[A-Za-z({])|(\d+)\s*\/\s*(\d+)\s*[:|-]\s*(?=[A-Za-z({])|(\d+)\s*(?:\||:\t)\s*(?=[A-Za-z({]))/;

const whole = (text: string | undefined): number => Number((text ?? "").replaceAll(",", ""));

export function placeIn(body: string, pairs: readonly Pair[]): Place {
  const epoch = epochIn(body, pairs);
  const step = stepIn(body, pairs);
  if (step !== undefined && (epoch !== undefined || step.total === undefined || !step.inEpoch))
    return { step, ...(epoch === undefined ? {} : { epoch }) };
  const counted = epochAndBatch.exec(body) ?? twoCounters.exec(body);
  if (counted !== null) {
    const total = whole(counted[3]);
    return { epoch: whole(counted[1]), step: { value: whole(counted[2]), total, inEpoch: true } };
  }
  if (step !== undefined) return { step, ...(epoch === undefined ? {} : { epoch }) };
  if (epoch !== undefined) return { epoch };
  const numbers = pairOfNumbers.exec(body);
  if (numbers !== null) return { step: { value: whole(numbers[2]), inEpoch: false } };
  const first = leading.exec(body);
  if (first === null) return {};
  return { step: { value: whole(first[1] ?? first[3] ?? first[5]), inEpoch: false }, isLeading: true };
}

function stepIn(body: string, pairs: readonly Pair[]): Place["step"] {
  const pair = pairs.find(({ key }) => stepKey.test(key));
  if (pair !== undefined && Number.isInteger(pair.value)) {
    const inEpoch = pair.total !== undefined && !/global|total/i.test(pair.key);
    return { value: pair.value, inEpoch, ...(pair.total === undefined ? {} : { total: pair.total }) };
  }
  const match = stepWord.exec(body);
  if (match === null) return undefined;
  const total = match[2] === undefined ? undefined : whole(match[2]);
  return {
    value: whole(match[1]),
    inEpoch: total !== undefined && !/global/i.test(match[0]),
    ...(total === undefined ? {} : { total }),
  };
}

function epochIn(body: string, pairs: readonly Pair[]): number | undefined {
  const value = pairs.find(({ key }) => epochKey.test(key))?.value ?? Number(epochWord.exec(body)?.[1]);
  return Number.isInteger(value) ? value : undefined;
}

/** A line that only says where what follows stands: "Epoch 3/24", "===== Epoch 3 =====", "Learning iteration 5/100". */
const heading =
  /^[\s=*#>[(-]{0,100}(?:learning iteration|going into epoch|start(?:ing)? epoch|epoch|iteration|step|batch(?==))\s*[:=#]?\s*[[(]?\s*(\d+)(?:\s*\/\s*\d+)?\s*[\])]?[\s=*#:.-]{0,100}(?:\| *time: [\w: ]+)?$/i;
export function headingOf(body: string): number | undefined {
  const found = body.length > 240 ? null : heading.exec(body);
  return found === null ? undefined : Number(found[1]);
}
