import type { Scalar } from "../../model/config.ts";

/** Advice in words ("the last checkpoint before step 240") stands in angle brackets: it has to be filled in. */
export const isWords = (value: Scalar): value is string => typeof value === "string" && value.includes(" ");

export const inBrackets = (value: Scalar): Scalar => (isWords(value) ? `<${value}>` : value);

/** `1e-7` has no point, and YAML 1.1 readers such as PyYAML then take it for text. */
const withPoint = (number: number): string => String(number).replace(/^(-?\d+)e/, "$1.0e");

export function yamlText(value: Scalar): string {
  if (typeof value === "number") return withPoint(value);
  if (value === null || typeof value === "boolean") return String(value);
  return /^[A-Za-z][\w./-]*$/.test(value) && !/^(y|n|yes|no|on|off|true|false|null|nan|inf)$/i.test(value)
    ? value
    : JSON.stringify(inBrackets(value));
}

export function pythonText(value: Scalar): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "number" ? String(value) : JSON.stringify(inBrackets(value));
}

/** A word that a shell passes on as it is. */
export function shellText(value: Scalar): string {
  const text = String(inBrackets(value));
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

export const tomlText = (value: Scalar): string =>
  typeof value === "string" ? JSON.stringify(inBrackets(value)) : String(value);
