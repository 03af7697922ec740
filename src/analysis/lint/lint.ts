import type { LintFinding, LintReport } from "../../model/lint.ts";
import type { LintCheck, LintContext, Observer } from "./check.ts";
import type { Row, Shape } from "./row.ts";

export type LintResult = Pick<LintReport, "findings" | "clean" | "notApplicable">;

export interface Linter {
  /** Rows in the order of the files: training data first. */
  row(row: Row): void;
  end(): LintResult;
}

const order = ["error", "warning", "info"] as const;

/** Runs the checks over settings, tokenizer and rows. Rows are seen once and not kept. */
export function createLinter(context: LintContext, checks: readonly LintCheck[]): Linter {
  const running = checks.map((check) => ({ check, observer: check.begin(context) }));
  const watching: Observer[] = running.flatMap(({ observer }) => (observer.row === undefined ? [] : [observer]));
  const shapes = new Set<Shape>();
  let train = 0;
  let evaluation = 0;
  return {
    row(row) {
      if (row.file.role === "train") train += 1;
      else evaluation += 1;
      if (row.broken === null) shapes.add(row.shape);
      for (const observer of watching) observer.row?.(row);
    },
    end() {
      const findings: LintFinding[] = [];
      const clean: string[] = [];
      const notApplicable: { check: string; missing: string[] }[] = [];
      for (const { check, observer } of running) {
        const verdict = observer.end({ train, eval: evaluation, shapes });
        if ("missing" in verdict) notApplicable.push({ check: check.id, missing: [...verdict.missing] });
        else if (verdict.length === 0) clean.push(check.id);
        else
          for (const draft of verdict)
            findings.push({ check: check.id, title: check.title, source: check.source, also: [], ...draft });
      }
      const rank = (finding: LintFinding): number => order.indexOf(finding.severity);
      return { findings: findings.toSorted((a, b) => rank(a) - rank(b)), clean, notApplicable };
    },
  };
}
