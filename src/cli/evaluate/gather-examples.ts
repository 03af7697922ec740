/** The files of an evaluation as one list of examples, and what was read as what. */
import { AppError } from "../../base/errors.ts";
import { guessTask } from "../../analysis/index.ts";
import { joinReferences, mixedForms, rolesFrom, type ReadExamples } from "../../ingest/index.ts";
import type { ReadPredictions } from "../../model/evaluation.ts";
import { Task, type Example } from "../../model/example.ts";
import { readPredictions } from "./read-predictions.ts";

export interface GatherOptions {
  readonly path: string;
  readonly references: readonly string[];
  readonly sources: string | undefined;
  readonly train: string | undefined;
  readonly task: Task | undefined;
  readonly fields: {
    readonly input?: string | undefined;
    readonly prediction?: string | undefined;
    readonly reference?: string | undefined;
  };
  readonly attributes: readonly string[] | null;
  readonly onProgress: (done: number, total: number) => void;
}

export interface Gathered {
  readonly examples: readonly Example[];
  readonly task: Task;
  readonly read: ReadPredictions;
  readonly trainingInputs: ReadonlySet<string> | null;
}

/** Their metrics are there (docs/metrics.md); files of queries, images and videos are not read by the command yet. */
const unreadTasks: readonly Task[] = ["ranking", "detection", "temporal-detection"];

export async function gatherExamples(options: GatherOptions): Promise<Gathered> {
  if (options.task !== undefined && unreadTasks.includes(options.task))
    throw new AppError(
      "bad-request",
      `Files of ${options.task} are not read by this version. One row for each example is: ${Task.options.filter((task) => !unreadTasks.includes(task)).join(", ")}.`,
    );
  const { path, attributes, onProgress } = options;
  const read = await readPredictions({ path, fields: rolesFrom(options.fields), attributes, onProgress });
  const mixed = mixedForms(read.forms);
  if (mixed !== null)
    throw new AppError(
      "unreadable-input",
      `${path} holds rows of two kinds: ${mixed}. Evaluate them one by one: put each kind into a file of its own, ` +
        "or name the fields with --prediction-field and --reference-field.",
    );
  let { examples } = read;
  for (const file of options.references) examples = await withReferences(examples, file, options);
  if (options.sources !== undefined) examples = await withSources(examples, options.sources, options);
  if (
    examples.every(({ prediction, logProbs, samples }) => prediction === null && logProbs === null && samples === null)
  )
    throw noPredictions(path, read);
  const fields = fieldsOf(read);
  const guess =
    options.task === undefined ? guessTask(examples, lowered(fields)) : { task: options.task, why: "given" };
  return {
    examples,
    task: guess.task,
    trainingInputs: options.train === undefined ? null : await inputsOf(options.train, options),
    read: {
      path,
      form: read.form ?? "",
      rows: read.examples.length,
      fields,
      rejected: { count: read.rejected.count, examples: [...read.rejected.examples] },
      taskFrom: guess.why,
    },
  };
}

const fieldsOf = ({ forms }: ReadExamples): { role: string; name: string }[] =>
  [...(forms[0]?.roles ?? [])].map(([role, name]) => ({ role, name }));

const lowered = (fields: readonly { role: string; name: string }[]): ReadonlyMap<string, string> =>
  new Map(fields.map(({ role, name }) => [role, name.toLowerCase()]));

async function withReferences(
  predictions: readonly Example[],
  file: string,
  { path, fields, onProgress }: GatherOptions,
): Promise<readonly Example[]> {
  const read = await readPredictions({
    path: file,
    fields: rolesFrom({ reference: fields.reference }),
    attributes: null,
    onProgress,
  });
  const joined = joinReferences(predictions, read.examples);
  if (joined === null) throw unequal(path, predictions.length, file, read.examples.length);
  if (joined.unknown.length > 0)
    throw new AppError(
      "unreadable-input",
      `${joined.unknown.length} ids of ${path} are not in ${file}, the first is "${joined.unknown[0]?.id ?? ""}" ` +
        `(line ${joined.unknown[0]?.line ?? 0}); give the references of the same examples.`,
    );
  return joined.examples;
}

async function withSources(
  examples: readonly Example[],
  file: string,
  { path, onProgress }: GatherOptions,
): Promise<readonly Example[]> {
  const read = await readPredictions({ path: file, fields: new Map(), attributes: [], onProgress });
  if (read.examples.length !== examples.length) throw unequal(path, examples.length, file, read.examples.length);
  return examples.map((example, i) => {
    const source = read.examples[i];
    const text = source?.input ?? (typeof source?.prediction === "string" ? source.prediction : null);
    return { ...example, input: example.input ?? text };
  });
}

function unequal(path: string, rows: number, other: string, otherRows: number): AppError {
  const [longer, shorter] = rows > otherRows ? [path, other] : [other, path];
  const from = Math.min(rows, otherRows) + 1;
  return new AppError(
    "unreadable-input",
    `${path} has ${rows} rows and ${other} has ${otherRows}: from line ${from} of ${longer} on, nothing in ${shorter} belongs to it, ` +
      "and where a row was lost all later ones are paired wrongly. Write both files again from one loop, or give both an id.",
  );
}

function noPredictions(path: string, { forms }: ReadExamples): AppError {
  const names = [...new Set(forms.flatMap(({ roles }) => [...roles.values()]))];
  return new AppError(
    "unreadable-input",
    `${path} has no field that looks like predictions` +
      (names.length === 0 ? "" : ` (it has ${names.slice(0, 8).join(", ")})`) +
      "; name it with --prediction-field <name>.",
  );
}

async function inputsOf(path: string, { fields, onProgress }: GatherOptions): Promise<ReadonlySet<string>> {
  const { examples } = await readPredictions({
    path,
    fields: rolesFrom({ input: fields.input }),
    attributes: [],
    onProgress,
  });
  const inputs = new Set<string>();
  for (const { input, prediction } of examples) {
    const text = input ?? (typeof prediction === "string" ? prediction : null);
    if (text !== null) inputs.add(text);
  }
  return inputs;
}
