/** Turns what people log into the numbers, texts and names of the wire. */

const maxDepth = 8;
const maxName = 512;
const maxValuesPerCall = 10_000;
const maxConfigKeys = 5_000;
const maxText = 16_384;

export type Wire = number | "NaN" | "Infinity" | "-Infinity";
export type Scalar = number | string | boolean | null;

/** JSON has no NaN and no infinities; they travel as texts. */
export function wire(value: number): Wire {
  if (Number.isFinite(value)) return value;
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "Infinity" : "-Infinity";
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Adds `metrics` to `flat`, nested ones with `/`; names whose value is no number go to `ignored`. */
export function collectNumbers(metrics: unknown, flat: Map<string, number>, ignored: string[]): void {
  const visit = (value: unknown, name: string, depth: number): void => {
    if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") {
      if (name === "" || name.length > maxName || flat.size >= maxValuesPerCall) ignored.push(name.slice(0, maxName));
      else flat.set(name, Number(value));
    } else if (isRecord(value) && depth < maxDepth) {
      for (const [key, inner] of Object.entries(value)) visit(inner, name === "" ? key : `${name}/${key}`, depth + 1);
    } else if (value !== null && value !== undefined) ignored.push(name.slice(0, maxName));
  };
  visit(metrics, "", 0);
}

/** Dotted keys to scalars; arrays become JSON text. A null-prototype object: keys are data. */
export function flatConfig(values: unknown, ignored: string[]): Record<string, Scalar> {
  const flat = Object.create(null) as Record<string, Scalar>;
  let count = 0;
  const visit = (value: unknown, name: string, depth: number): void => {
    if (isRecord(value) && !(value instanceof Date) && depth < maxDepth) {
      for (const [key, inner] of Object.entries(value)) visit(inner, name === "" ? key : `${name}.${key}`, depth + 1);
      return;
    }
    const scalar = scalarOf(value);
    if (scalar === undefined || name === "" || name.length > maxName || count >= maxConfigKeys) {
      ignored.push(name.slice(0, maxName));
      return;
    }
    flat[name] = scalar;
    count += 1;
  };
  visit(values, "", 0);
  return flat;
}

function scalarOf(value: unknown): Scalar | undefined {
  switch (typeof value) {
    case "number":
      return wire(value);
    case "boolean":
      return value;
    case "string":
      return value.slice(0, maxText);
    case "bigint":
      return String(value);
    case "object":
      return value === null ? null : JSON.stringify(value).slice(0, maxText);
    default:
      return undefined;
  }
}

/** A step is an integer up to 2^53 in size; undefined when this is none. */
export const wholeStep = (step: unknown): number | undefined =>
  typeof step === "number" && Number.isSafeInteger(step) ? step : undefined;
