import { expect, test } from "vitest";
import { colours } from "../theme.ts";
import { stepAxis } from "./axis.ts";
import { columnsOf } from "./columns.fixture.ts";
import { curveData } from "./curve-data.ts";
import { svgFigure } from "./curve-export.ts";

test("a figure holds the curve, its marks and its axes, and names stay text", () => {
  const axis = stepAxis();
  const data = curveData(columnsOf([[[0, 1]], [[1, Number.NaN]], [[2, 3]], [[3, 2]]]), {
    xOf: axis.xOf,
    logX: false,
    logY: false,
  });
  const curve = { key: "a", label: "</text><script>", ink: { colour: "#123456", dash: [6, 3] }, data };
  const svg = svgFigure("loss & <b>", { width: 400, height: 200, yRange: [0, 4] }, [curve, { ...curve, key: "b" }], {
    axis,
    range: [0, 3],
    logX: false,
    logY: false,
    smoothing: 0,
    tints: colours.light,
  });
  expect(svg).not.toMatch(/<script|<b>/);
  expect(svg).toContain("loss &amp; &lt;b&gt;");
  expect(svg).toContain('stroke-dasharray="6 3"');
  // The NaN breaks the line into a point and a piece of two, and one cross marks both curves' NaN.
  expect(svg).toMatch(/d="M60 [\d.]+M[\d.]+ [\d.]+L[\d.]+ [\d.]+"/);
  expect(svg.match(/stroke-width="1.75"/g)).toHaveLength(1);
  expect(svg).toContain("NaN ×2");
});
