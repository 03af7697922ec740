import { at } from "../../base/statistics.ts";
import { learningRate } from "../facts/learning-rate.ts";
import { lossShape } from "../facts/loss-shape.ts";
import { sound } from "../facts/soundness.ts";
import { levelOf } from "../facts/stretch.ts";
import { say } from "../numbers.ts";
import { defineSign } from "../rule.ts";

/** A rise that a reader sees: a tenth of the start and four times the noise, held for three rows. */
const riseShare = 0.1;
const riseSigmas = 4;
const riseRows = 3;
/** The rise may outlast the warm-up by half of it. */
const afterShare = 1.5;

export const warmUpRise = defineSign({
  id: "warm-up-rise",
  needs: { sound, shape: lossShape, rate: learningRate },
  explain({ shape: { rows, initial, noise, level }, rate }) {
    if (rate.warmedUpAt === null || !(level < initial)) return [];
    const bar = initial + Math.max(riseShare * Math.abs(initial), riseSigmas * noise);
    let peak = 0;
    for (let i = 1; i < rows.length && at(rows.step, i) <= afterShare * rate.warmedUpAt; i++)
      if (at(rows.value, i) > at(rows.value, peak) && levelOf(rows.value, i, i + riseRows) > bar) peak = i;
    if (peak === 0) return [];
    let back = peak;
    while (back < rows.length && at(rows.value, back) > initial) back += 1;
    if (back === rows.length) return [];
    return [
      {
        sign: `Loss rose from ${say(initial)} to ${say(at(rows.value, peak))} at step ${at(rows.step, peak)}, while the learning rate was warmed up.`,
        why: `It was below its start again at step ${at(rows.step, back)}. Adam's first updates have the same size for every weight, whatever its gradient; a rise that comes back costs these steps and nothing else. A longer warm-up flattens it.`,
      },
    ];
  },
});
