import { flatness } from "../facts/flatness.ts";
import { objective } from "../facts/trainer.ts";
import { sound } from "../facts/soundness.ts";
import { say } from "../numbers.ts";
import { defineSign } from "../rule.ts";

/** What a reader takes for a plateau: nothing gained in the last quarter. */
const longShare = 0.25;
/** ... of a run that did learn. Less than that is a finding: loss-plateau or no-learning. */
const gained = 0.35;
const decayed = 0.3;

export const plateauAtTheEnd = defineSign({
  id: "plateau-at-the-end",
  needs: { sound, flat: flatness, objective },
  explain({ flat, objective: kind }) {
    if (kind !== "supervised" || flat.scheduleEnd !== null || flat.share < longShare) return [];
    if (!(flat.initial > 0) || !(flat.level < (1 - gained) * flat.initial)) return [];
    const isDecayed = flat.rateShare < decayed;
    return [
      {
        sign: `Loss has stood at ${say(flat.level)} since step ${flat.step}.`,
        why: isDecayed
          ? "The schedule has lowered the learning rate: what is left to gain is gained slowly, and the run ends as it should."
          : "It fell far first, and what is left may be what this data cannot tell. With a constant learning rate part of it is the noise of the updates: lowering the rate at the end usually gains a little more.",
      },
    ];
  },
});
