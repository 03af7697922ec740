import { at } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import type { SeriesData } from "../run-data.ts";
import { epochTime, stepsPerSecond, throughput, trainLoss } from "../signals.ts";
import { type Curve, longest, whole } from "./curve.ts";
import { settledOf } from "./settled.ts";
import { stepTimesOf } from "./step-times.ts";
import { plainest } from "./track.ts";

/** Rows for running medians, and for a look at each row: three slow ones after four others, and the first, which settles. */
export const fewestRows = 20;
export const fewestRowsOfFew = 8;

/** The series that says it best. */
export const clock = defineFact<Curve>({
  id: "step time, throughput or times of rows",
  derive(run) {
    const losses = longest(run.series(trainLoss));
    const candidates = [
      plainest(unranked(stepTimesOf(run).steps)),
      plainest(unranked(run.series(throughput))),
      plainest(unranked(run.series(epochTime))),
      // What a progress bar shows is smoothed, and some never fall; the rows came when they came.
      losses !== undefined && isTimed(losses) ? losses : undefined,
      plainest(unranked(run.series(stepsPerSecond))),
      losses,
    ];
    const best =
      candidates.find((series) => series !== undefined && series.length >= fewestRows) ??
      candidates.find((series) => series !== undefined && series.length >= fewestRowsOfFew);
    return best === undefined ? undefined : whole(best);
  },
});

/** Rows that came one by one, each with its time. */
const isTimed = ({ time, length }: SeriesData): boolean =>
  at(time, length - 1) > at(time, 0) && at(time, length - 1) > at(time, Math.floor(length / 2));

/** A long run is looked at anew when another piece of it is full. */
export const course = settledOf(clock);

/** One series for the whole run: what each rank measures is another question. */
const unranked = (all: readonly SeriesData[]): SeriesData[] =>
  all.filter(({ labels }) => labels["rank"] === undefined || labels["rank"] === "0");
