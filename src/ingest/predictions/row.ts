/** Rows of predictions as they came, before anybody knows what their fields mean. */
import { isObject, parseLiteral, type Literal } from "../literal.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** Takes what a splitter found. Lines count from 1. */
export interface RowSink {
  row(line: number, value: unknown): void;
  reject(line: number, reason: string): void;
}

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** JSON, or what Python prints (NaN, single quotes); undefined where it is neither. */
export function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const literal = parseLiteral(text);
    return literal === undefined ? undefined : plain(literal);
  }
}

/** Maps as objects without a prototype, as `JSON.parse` gives own keys only. */
function plain(value: Literal): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  const fields: Record<string, unknown> = {};
  for (const [key, inner] of value)
    Object.defineProperty(fields, key, { value: plain(inner), enumerable: true, configurable: true });
  return fields;
}

/** The value of a field: by its whole name, else `a.b` as b within a. Undefined where there is none. */
export function fieldOf(row: unknown, path: string): unknown {
  if (typeof row !== "object" || row === null) return undefined;
  const own = ownValue(row, path);
  if (own !== undefined) return own;
  const dot = path.indexOf(".");
  return dot === -1 ? undefined : fieldOf(ownValue(row, path.slice(0, dot)), path.slice(dot + 1));
}

function ownValue(object: object, key: string): unknown {
  const descriptor = Object.getOwnPropertyDescriptor(object, key);
  return descriptor === undefined ? undefined : descriptor.value;
}
