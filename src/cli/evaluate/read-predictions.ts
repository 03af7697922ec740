import { open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { getHeapStatistics } from "node:v8";
import { AppError, messageOf } from "../../base/errors.ts";
import { ExamplesReader, type ReadExamples } from "../../ingest/index.ts";
import { piecesOf } from "../read/pieces.ts";

type Roles = ConstructorParameters<typeof ExamplesReader>[0]["fields"];

interface ReadFile {
  readonly path: string;
  readonly fields: Roles;
  readonly attributes: readonly string[] | null;
  readonly onProgress: (done: number, total: number) => void;
}

/** Characters that may be held: of Node's memory a third is left for the metrics, and a character may take two bytes. */
const mostCharacters = (): number => Math.floor(getHeapStatistics().heap_size_limit / 3);

/** Examples of one file, or a refusal that says what to do. */
export async function readPredictions({ path, fields, attributes, onProgress }: ReadFile): Promise<ReadExamples> {
  const file = await open(path, "r").catch((cause: unknown) => {
    throw new AppError("unreadable-input", `Cannot read ${path}: ${messageOf(cause)}`, { cause });
  });
  try {
    const { size, isDirectory } = await stat(path).then((it) => ({ size: it.size, isDirectory: it.isDirectory() }));
    if (isDirectory)
      throw new AppError("unreadable-input", `${path} is a directory; name the file in it that holds the predictions.`);
    if (size === 0) throw new AppError("unreadable-input", `${path} is empty; nothing was written to it.`);
    const reader = new ExamplesReader({
      name: basename(path).replace(/\.gz$/i, ""),
      fields,
      attributes,
      mostCharacters: mostCharacters(),
    });
    for await (const { bytes, at } of piecesOf(file, path)) {
      if (!reader.push(bytes)) break;
      onProgress(at, size);
    }
    const read = reader.end();
    if (read.refusal !== null) throw refusal(path, read.refusal, read.examples.length);
    if (read.examples.length === 0) throw nothingRead(path, read);
    return read;
  } finally {
    await file.close();
  }
}

function refusal(path: string, reason: string, rows: number): AppError {
  if (reason === "too large")
    return new AppError(
      "too-large",
      `${path} holds more text than fits into memory (stopped after ${rows.toLocaleString("en-US")} rows). ` +
        `Give Node more (NODE_OPTIONS=--max-old-space-size=16000), or evaluate a part of the rows, chosen at random: ` +
        `shuf -n 100000 ${path} > part.jsonl`,
    );
  if (reason === "a Parquet file")
    return new AppError(
      "unreadable-input",
      `${path} is a Parquet file; turn it into JSON lines first: ` +
        `python -c "import pandas; pandas.read_parquet('${path}').to_json('predictions.jsonl', orient='records', lines=True)"`,
    );
  if (path.endsWith(".eval"))
    return new AppError(
      "unreadable-input",
      `${path} is a log of inspect_ai in its own format; write it as JSON first: inspect log dump ${path} > log.json`,
    );
  return new AppError(
    "unreadable-input",
    `${path} is ${reason}; predictions are read from JSON lines, JSON, CSV, or text with one prediction on each line.`,
  );
}

function nothingRead(path: string, { rejected }: ReadExamples): AppError {
  const [first] = rejected.examples;
  if (first === undefined) return new AppError("unreadable-input", `${path} has no rows.`);
  return new AppError(
    "unreadable-input",
    `${path} has no row that can be read; line ${first.line}: ${first.reason}` +
      (rejected.count > 1 ? `, and ${(rejected.count - 1).toLocaleString("en-US")} more.` : "."),
  );
}
