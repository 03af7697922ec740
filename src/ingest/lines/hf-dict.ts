import { numberOf } from "../number-text.ts";
import { flatRow, stepOf } from "../step-key.ts";
import { isObject, readLiteral } from "../literal.ts";
import type { LiteralObject } from "../literal.ts";
import type { LineParser, Metric, Reading } from "./line-parser.ts";
import type { EpochMark } from "./progress.ts";

const swiftStep = "global_step/max_steps";
/** Of a whole run, printed once at its end: not points of a curve. */
const isSummary = (object: LiteralObject): boolean => object.has("train_runtime");
/** Marks of trainers that print the same dictionaries. */
const dialects: readonly (readonly [string, RegExp])[] = [
  ["ms-swift", /^(global_step\/max_steps|train_speed\(.*\)|memory\(GiB\))$/],
  [
    "trl",
    /^(rewards?\/|rewards?$|completions?\/|objective\/|logps\/|logits\/|entropy$|mean_token_accuracy$|num_tokens$|kl$)/,
  ],
];

/** The dictionaries of Hugging Face Trainer and of what is built on it (TRL, LLaMA-Factory, ms-swift, axolotl). */
export const hfDict: LineParser = {
  id: "hf-dict",
  open: () => (line) => {
    if (!line.body.includes("{'")) return undefined;
    const from = line.body.search(/\{ ?['"]/);
    // In front of it at most a logger's `>> ` or a name and a colon.
    if (from === -1 || from > 120 || (from > 0 && !/(>> ?|[:\]] ?|^\s*)$/.test(line.body.slice(0, from))))
      return undefined;
    if (!line.body.startsWith("{'", from)) return undefined;
    // What says where the dictionary stands is another program's line.
    if (from > 0 && /\d/.test(line.body.slice(0, from))) return undefined;
    const reading = readLiteral(line.body, from);
    if (reading === undefined || reading.broken !== undefined || !isObject(reading.value)) return undefined;
    if (line.body.slice(reading.end).trim() !== "") return undefined;
    return meaning(flatRow(reading.value), /llamafactory/.test(line.text) ? "llama-factory" : undefined);
  },
};

function meaning(object: LiteralObject, dialect: string | undefined): Reading | undefined {
  const metrics: Metric[] = [];
  for (const [name, value] of object) {
    if (name === swiftStep || name === "step" || name === "global_step") continue;
    const number = typeof value === "number" ? value : typeof value === "string" ? numberOf(value) : undefined;
    if (number !== undefined) metrics.push([name, number]);
  }
  const epoch = epochOf(object);
  const known = metrics.some(([name]) => isMetricName.test(name));
  if (!known || (metrics.length < 2 && epoch === undefined)) return undefined;
  const trainer = dialect ?? dialects.find(([, mark]) => [...object.keys()].some((key) => mark.test(key)))?.[0] ?? "hf";
  if (isSummary(object)) {
    const text = metrics.map(([name, value]) => `${name}=${value}`).join(", ");
    return { record: `Training ended: ${text}`, dialect: trainer };
  }
  const swift = stepOf(object.get(swiftStep));
  const said = swift ?? stepOf(object.get("step") ?? object.get("global_step"));
  return {
    metrics,
    dialect: trainer,
    isEvaluation: metrics.some(([name]) => /^(eval|test|val|predict)_/.test(name)) && !object.has("loss"),
    ...(epoch === undefined ? {} : { epoch }),
    ...(said === undefined ? {} : { step: said.step }),
    ...(swift?.total === undefined ? {} : { config: [["max_steps", swift.total]] }),
  };
}

const isMetricName =
  /loss|acc|learning_rate|\blr\b|grad|reward|perplexity|ppl|bleu|rouge|f1|wer|runtime|epoch|throughput/i;

/**
 * Versions 4 rounded the epoch to two digits (later: not at all), version 5 prints four significant
 * digits as text.
 */
function epochOf(object: LiteralObject): EpochMark | undefined {
  const raw = object.get("epoch");
  if (typeof raw === "number") {
    if (!Number.isFinite(raw)) return undefined;
    const decimals = String(raw).split(".")[1]?.length ?? 0;
    return { value: raw, half: decimals <= 2 ? 0.005 : Math.max(1e-9, 0.5 * 10 ** -decimals) };
  }
  if (typeof raw !== "string") return undefined;
  const value = numberOf(raw);
  if (value === undefined || !Number.isFinite(value)) return undefined;
  return { value, half: value > 0 ? 0.5 * 10 ** (Math.floor(Math.log10(value)) - 3) : 0 };
}
