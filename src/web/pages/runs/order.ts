import type { RunSummary } from "../../../api/runs.ts";
import { fromWire } from "../../../model/number.ts";
import { z } from "zod";

export const Column = z.enum(["verdict", "name", "lastStep", "lastLoss", "started", "duration", "status"]);
export type Column = z.infer<typeof Column>;

export interface Sort {
  readonly column: Column;
  readonly descending: boolean;
}

/** `name`, or `-name` for descending. Newest first when it says nothing we know. */
export function parseSort(text: string | undefined): Sort {
  const column = Column.safeParse(text?.replace(/^-/, ""));
  return column.success
    ? { column: column.data, descending: text?.startsWith("-") ?? false }
    : { column: "started", descending: true };
}

export const formatSort = ({ column, descending }: Sort): string => `${descending ? "-" : ""}${column}`;

/** The first click on a column sorts in the order a person wants first. */
export const firstDescending: Readonly<Record<Column, boolean>> = {
  verdict: false,
  name: false,
  lastStep: true,
  lastLoss: false,
  started: true,
  duration: true,
  status: false,
};

const gravity = { error: 0, warning: 1, info: 2 } as const;

/** Runs without a value come last in both directions; equal ones newest first. */
export function sortRuns(runs: readonly RunSummary[], { column, descending }: Sort, now: number): RunSummary[] {
  const sign = descending ? -1 : 1;
  return runs
    .map((run) => ({ run, key: keyOf(run, column, now) }))
    .toSorted((a, b) => {
      if (a.key === undefined || b.key === undefined)
        return Number(a.key === undefined) - Number(b.key === undefined) || b.run.createdAt - a.run.createdAt;
      const difference =
        typeof a.key === "string" && typeof b.key === "string"
          ? collator.compare(a.key, b.key)
          : Number(a.key) - Number(b.key);
      return difference * sign || b.run.createdAt - a.run.createdAt;
    })
    .map(({ run }) => run);
}

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function keyOf(run: RunSummary, column: Column, now: number): string | number | undefined {
  switch (column) {
    case "verdict":
      return run.verdict === null ? undefined : gravity[run.verdict];
    case "name":
      return run.name;
    case "lastStep":
      return run.lastStep ?? undefined;
    case "lastLoss": {
      const loss = lossOf(run.lastLoss);
      return loss === undefined ? undefined : Number.isNaN(loss) ? Number.POSITIVE_INFINITY : loss;
    }
    case "started":
      return run.createdAt;
    case "duration":
      return durationOf(run, now);
    case "status":
      return run.status;
  }
}

export const durationOf = (
  run: Pick<RunSummary, "createdAt" | "endedAt" | "status">,
  now: number,
): number | undefined => {
  const end = run.endedAt ?? (run.status === "running" ? now : undefined);
  return end === undefined ? undefined : Math.max(0, end - run.createdAt);
};

export const lossOf = (loss: RunSummary["lastLoss"]): number | undefined => fromWire(loss);
