import type { Report } from "../../model/report.ts";
import type { Environment } from "../../model/run.ts";
import type { RunData } from "../run-data.ts";

/** A run on one side of the comparison. */
export interface JudgedRun {
  readonly id: string | null;
  readonly name: string;
  readonly data: RunData;
  readonly report: Report;
  readonly command?: readonly string[] | undefined;
  readonly environment?: Environment | undefined;
}

export interface Seeded {
  readonly run: JudgedRun;
  readonly seed: number | string | null;
}
