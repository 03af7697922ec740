/** The excerpts of `fixtures/public-logs`, and what is read of them. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { RunData } from "../../src/analysis/index.ts";
import { sniffFormat } from "../../src/ingest/index.ts";

const folder = new URL("../../fixtures/public-logs/", import.meta.url);

const Values = z.array(z.number()).min(1);
const Says = z.strictObject({
  /** Of the training loss; of what else is stated where no loss is. */
  step: Values.optional(),
  loss: Values.optional(),
  /** May be taken for the loss, and need not: part of an objective that nobody watches alone. */
  maybe_loss: Values.optional(),
  eval_loss: Values.optional(),
  learning_rate: Values.optional(),
  grad_norm: Values.optional(),
  held_out_quality: z.record(z.string(), Values).optional(),
  training_quality: z.record(z.string(), Values).optional(),
  step_time: Values.optional(),
  steps_per_second: Values.optional(),
  throughput: Values.optional(),
  data_time: Values.optional(),
  reward: Values.optional(),
});
export type Says = z.infer<typeof Says>;

const Excerpt = z.strictObject({
  id: z.string(),
  /** Repository whose programs print so; `own`: scripts that nobody published. */
  project: z.string(),
  /** Where the layout was seen. Lines and figures are our own. */
  layout: z.string(),
  says: Says,
});
export type Excerpt = z.infer<typeof Excerpt>;

export const excerpts: readonly Excerpt[] = z
  .array(Excerpt)
  .parse(JSON.parse(readFileSync(new URL("index.json", folder), "utf8")));

export const halves = ["first", "second"] as const;
export type Half = (typeof halves)[number];

/** By the project's name, so that what is mended for one of its programs is not measured on another. */
export function halfOf(project: string): Half {
  if (project === "own") return "first";
  const [byte = 0] = createHash("sha256").update(project).digest();
  return byte % 2 === 0 ? "first" : "second";
}

const never: RunData["info"] = {
  id: null,
  name: "excerpt",
  kind: "train",
  source: "",
  dialect: null,
  status: "finished",
  startedAt: null,
  endedAt: null,
  exitStatus: null,
};

/** As `llmdbg diagnose <file>` reads it. */
export function readExcerpt(id: string): RunData {
  const bytes = readFileSync(new URL(`${id}.log`, folder));
  const format = sniffFormat(bytes, `${id}.log`);
  if (format === undefined) throw new Error(`${id}: no format`);
  const data = new RunData(never);
  const decoder = format.decoder({ now: () => Number.NaN });
  for (const decoded of [decoder.push(bytes), decoder.end()]) {
    data.append(decoded);
    data.setConfig(decoded.config);
    if (decoded.dialect !== undefined) data.setInfo({ dialect: decoded.dialect });
  }
  return data;
}
