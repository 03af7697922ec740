import { at, SortedWindow } from "../../base/statistics.ts";
import { defineFact } from "../fact.ts";
import { kl } from "./policy.ts";
import { departure, type Track } from "./track.ts";

/** How the distance to the reference model grew. */
export interface KlShape {
  readonly rows: Track;
  /** It left its own band and stayed out until the end of the log. */
  readonly growth: { readonly row: number; readonly step: number; readonly usual: number } | null;
  /** First row of a stretch of clearly negative values up to the end. */
  readonly negative: { readonly row: number; readonly step: number } | null;
  /** Rows of the log whose smoothed value is over the floor. */
  readonly floor: number;
}

/** Band: the rows before, without the newest ones, which may belong to the growth. */
const bandRows = 40;
const lagRows = 5;
const fewestRows = 20;
/** In the first rows KL grows from 0 in any run: there it must be twice as fast, and reach four floors. */
const fewestEarlyRows = 5;
const earlyFactor = 2;
const earlyFloors = 4;
/** A policy that moves one way at a constant rate triples its KL while the time doubles twice over; five times in this band is faster. */
const bandFactor = 5;
/** It has come back when it is below twice its band again; one odd row does not pass the running median. */
const backFactor = 2;
const lastingRows = 5;
/**
 * Below this nobody has to act: nats per token, of which healthy runs use 0.01 to 0.3 (DeepSeekMath,
 * TRL's examples); PPO's objective/kl sums over the answer, and 0 to 10 is usual there (TRL, how_to_train).
 */
const floorPerToken = 0.5;
const floorPerAnswer = 10;
/** Negative: nine of ten rows, and by more than a twentieth of the largest value. An estimate may be negative by chance. */
const negativeRows = 10;
const negativeShare = 0.9;
const negativeSize = 0.05;

export const klShape = defineFact<KlShape>({
  id: "kl",
  derive(_run, get) {
    const rows = get(kl);
    if (rows === undefined) return undefined;
    const floor = /objective\/kl/.test(rows.series) ? floorPerAnswer : floorPerToken;
    const band = new SortedWindow(bandRows);
    let open: { row: number; usual: number } | null = null;
    for (let i = 0; i < rows.length; i++) {
      const value = at(rows.smooth, i);
      if (open !== null) {
        if (value >= Math.max(floor, backFactor * open.usual)) continue;
        open = null;
      }
      if (i >= lagRows) band.push(at(rows.smooth, i - lagRows));
      if (band.length < fewestEarlyRows) continue;
      const usual = band.quantile(0.5);
      const isEarly = band.length < fewestRows;
      const bar = Math.max(
        floor * (isEarly ? earlyFloors : 1),
        Math.abs(usual) * bandFactor * (isEarly ? earlyFactor : 1),
      );
      if (value >= bar) open = { row: i, usual };
    }
    const isLasting = open !== null && rows.length - open.row >= lastingRows;
    const row = open === null ? -1 : departure(rows, open.row, open.usual, at(rows.smooth, open.row));
    return {
      rows,
      growth: isLasting && open !== null ? { row, step: at(rows.step, row), usual: open.usual } : null,
      negative: negativeIn(rows),
      floor,
    };
  },
});

function negativeIn(rows: Track): KlShape["negative"] {
  let largest = 0;
  for (let i = 0; i < rows.length; i++) largest = Math.max(largest, Math.abs(at(rows.smooth, i)));
  const isBelow = (i: number): boolean => at(rows.value, i) < -negativeSize * largest && at(rows.value, i) < -1e-3;
  let row = rows.length;
  let below = 0;
  for (let i = rows.length - 1; i >= 0; i--) {
    if (isBelow(i)) {
      below += 1;
      if (below >= negativeShare * (rows.length - i)) row = i;
    } else if (rows.length - i > negativeRows && below < negativeShare * (rows.length - i)) break;
  }
  return rows.length - row >= negativeRows ? { row, step: at(rows.step, row) } : null;
}
