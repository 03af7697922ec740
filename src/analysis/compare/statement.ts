import type { ExampleComparison } from "../../model/comparison.ts";
import { fromWire, type WireNumber } from "../../model/number.ts";

const text = (value: WireNumber, signed = false): string => {
  const number = fromWire(value) ?? Number.NaN;
  const digits = String(Number(number.toPrecision(3)));
  return signed && number > 0 ? `+${digits}` : digits;
};

/** The verdict in a sentence: what was compared, by how much it differs, how sure that is, and what would be needed. */
export function statementOf({
  a,
  b,
  common,
  decidedBy,
  verdict,
  metrics,
  power,
}: Omit<ExampleComparison, "statement">): string {
  if (common === 0) return `${a.name} and ${b.name} have no example in common: their ids never match.`;
  const decision = metrics.find(({ name }) => name === decidedBy);
  if (decision === undefined) return `No metric could be computed on what the two have in common.`;
  const interval =
    decision.low === null || decision.high === null
      ? ""
      : ` [${text(decision.low, true)}, ${text(decision.high, true)}]`;
  const p = decision.corrected === null ? "" : `, p ${text(decision.corrected)}`;
  const figures = `${decision.name} ${text(decision.a)} -> ${text(decision.b)}, ${text(decision.difference, true)}${interval}${p}, ${common} common ${common === 1 ? "example" : "examples"}`;
  if (verdict !== "no-difference-shown") return `${b.name} is ${verdict} than ${a.name}: ${figures}.`;
  const [two] = power === null ? [] : power.needed.slice(1, 2);
  const needs =
    power === null || two === undefined
      ? ""
      : ` These examples can show a difference of ${text(power.visible)} per example; for ${text(two.difference)} it takes ${two.examples}.`;
  return `No difference shown between ${a.name} and ${b.name}: ${figures}.${needs}`;
}
