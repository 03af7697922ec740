import { defineCheck, doThis } from "../check.ts";
import type { Shape } from "../row.ts";
import { placeOf, shareText, verb } from "../tally.ts";
import type { LintWhere } from "../../../model/lint.ts";

const source = "https://huggingface.co/docs/trl/dataset_formats";

export const mixedShapes = defineCheck({
  id: "mixed-shapes",
  title: "Rows of different shapes in one file",
  why: "A trainer reads one shape; the columns of the other become empty.",
  source,
  begin() {
    const files = new Map<string, Map<Shape, { count: number; first: LintWhere }>>();
    return {
      row(row) {
        if (row.broken !== null) return;
        const shapes = files.get(row.file.path) ?? new Map<Shape, { count: number; first: LintWhere }>();
        files.set(row.file.path, shapes);
        const known = shapes.get(row.shape);
        shapes.set(row.shape, { count: (known?.count ?? 0) + 1, first: known?.first ?? placeOf(row) });
      },
      end() {
        if (files.size === 0) return { missing: ["data"] };
        return [...files.values()].flatMap((shapes) => {
          const sorted = [...shapes].toSorted(([, a], [, b]) => b.count - a.count);
          const [usual, other] = sorted;
          if (usual === undefined || other === undefined) return [];
          const all = sorted.reduce((sum, [, { count }]) => sum + count, 0);
          return [
            {
              severity: "warning" as const,
              message: `${shareText(all - usual[1].count, all)} ${verb(all - usual[1].count, "is", "are")} not of the shape ${usual[0]}; the first is ${other[0] === "unknown" ? "of no known shape" : other[0]}.`,
              where: other[1].first,
              advice: [
                doThis(
                  "one-shape",
                  "Bring all rows to one shape, or split the file.",
                  "Every row is trained on.",
                  source,
                ),
              ],
            },
          ];
        });
      },
    };
  },
});
