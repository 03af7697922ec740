import {
  brokenRow,
  checks,
  createLinter,
  maxLengthOf,
  readRow,
  type DataFile,
  type LintContext,
} from "../../analysis/lint/index.ts";
import { AppError } from "../../base/errors.ts";
import type { LintReport } from "../../model/lint.ts";
import { gather, type DataInput, type GatherOptions } from "./gather.ts";
import { readRows, type ParsedRow } from "./read-rows.ts";

interface LintOptions extends GatherOptions {
  readonly maxLength: number | undefined;
  readonly worldSize: number | undefined;
  /** Called with bytes of data read and bytes in all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Gathers, reads each data file once, and reports. */
export async function lintPaths(options: LintOptions): Promise<LintReport> {
  const { settings, deepspeed, tokenizer, data, notes } = await gather(options);
  const files = data.map(({ path, role }): DataFile => ({ path, role }));
  const context: LintContext = {
    settings,
    deepspeed,
    tokenizer,
    files,
    maxLength: maxLengthOf(options.maxLength, settings, tokenizer),
    worldSize: options.worldSize ?? null,
  };
  const linter = createLinter(context, checks);
  const total = data.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const read: LintReport["files"] = [];
  for (const [i, input] of data.entries()) {
    const file = files[i];
    if (file === undefined) continue;
    let rows = 0;
    const shapes = new Map<string, number>();
    await readRows(input.path, {
      format: input.format,
      onRow: (parsed) => {
        rows += 1;
        const row = rowOf(parsed, input, file, rows);
        shapes.set(row.shape, (shapes.get(row.shape) ?? 0) + 1);
        linter.row(row);
      },
      onProgress: (bytes) => {
        done += bytes;
        options.onProgress?.(done, total);
      },
    });
    if (rows === 0) throw new AppError("unreadable-input", `${input.path} has no rows.`);
    const [usual] = [...shapes].toSorted(([, a], [, b]) => b - a);
    const kind = usual?.[0] ?? null;
    read.push({
      path: input.path,
      role: input.role,
      kind,
      rows,
      from: input.from,
      note: kind === "unknown" ? "no shape that trainers know; only duplicates are looked for" : null,
    });
  }
  return { schema: "llmdbg.lint/1", files: [...notes, ...read], ...linter.end() };
}

function rowOf(parsed: ParsedRow, { columns }: DataInput, file: DataFile, index: number): ReturnType<typeof readRow> {
  const place = { file, index, line: parsed.line };
  if (parsed.broken !== undefined) return brokenRow(place, parsed.broken);
  try {
    return readRow(place, columns.size === 0 ? parsed.value : renamed(parsed.value, columns));
  } catch (thrown) {
    // Thousands of brackets in each other are no row, and must not end the lint.
    if (thrown instanceof RangeError) return brokenRow(place, "nested too deeply");
    throw thrown;
  }
}

function renamed(value: unknown, columns: ReadonlyMap<string, string>): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]: [string, unknown]) => [columns.get(key) ?? key, each]),
  );
}
