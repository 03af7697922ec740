import { rank } from "../causes.ts";
import { desync } from "../facts/ranks.ts";
import { options } from "../facts/options.ts";
import { say } from "../numbers.ts";
import { defineRule } from "../rule.ts";

export const desynchronisedRanks = defineRule({
  id: "desynchronised-ranks",
  title: "Ranks no longer hold the same model",
  why: "The replicas drift apart without a sign in the loss, and each trains on gradients of another model.",
  needs: { found: desync, options },
  check({ found, options: settings }) {
    if (found === null) return [];
    const { step, layer, equalBefore, layers } = found;
    const isHash = found.what === "hash";
    const fromStart = equalBefore === 0;
    const some = layers === null ? null : layers.different < layers.all;
    return [
      {
        severity: "error",
        message: `${isHash ? "Parameters" : "Gradient norms"} of rank ${found.rank} differ from those of the other ranks ${fromStart ? `from the first comparison on, at step ${step}` : `since step ${step}, after ${equalBefore} comparison${equalBefore === 1 ? "" : "s"} in which they were equal`}${layer === null ? "" : `, first in ${layer}`}${layers === null ? "" : ` (${layers.different} of ${layers.all} layers)`}.`,
        onset: { step, rank: found.rank, ...(layer === null ? {} : { layer }) },
        end: null,
        recovered: false,
        evidence: [
          {
            series: found.series.id,
            step,
            value: found.value,
            note: isHash ? `hash of rank ${found.rank}` : `grad_norm of rank ${found.rank}`,
          },
          { series: found.other.id, step, value: found.otherValue, note: "of another rank at the same step" },
        ],
        causes: rank([
          {
            id: "different-seed-or-init",
            statement: "Ranks started from other weights: another seed, another checkpoint, no broadcast at the start.",
            prior: 0.35,
            clues: [
              {
                present: fromStart,
                for: "they differ from the first comparison on",
                against: `they were equal until step ${step}`,
                weight: 8,
              },
              {
                present: !fromStart || layers === null ? null : some !== true,
                for: "in every layer",
                against: "only some layers differ",
                weight: 1.5,
              },
            ],
          },
          {
            id: "no-weight-sync",
            statement:
              "Gradients are not averaged over the ranks: no DDP wrapper, no_sync left on, a parameter outside of it.",
            prior: 0.45,
            clues: [
              {
                present: !fromStart,
                for: "they started equal",
                against: "they never were equal",
                weight: 2,
              },
              {
                present: fromStart || found.ranks < 3 ? null : !found.isAlone,
                for: "each rank has its own",
                against: `rank ${found.rank} is alone against the others`,
                weight: 2,
              },
              { present: some, for: "only some layers differ: those outside of the wrapper", weight: 1.5 },
            ],
          },
          {
            id: "silent-data-corruption",
            statement: "One device computes or keeps wrong numbers.",
            prior: 0.1,
            clues: [
              {
                present: fromStart ? false : equalBefore > 2,
                for: `they were equal in ${say(equalBefore)} comparisons before`,
                against: "that needs no broken device",
                weight: 3,
              },
              {
                present: found.ranks > 2 && !fromStart ? found.isAlone : null,
                for: `rank ${found.rank} is alone against the others`,
                against: "more than one rank differs",
                weight: 2,
              },
            ],
          },
        ]),
        advice: [
          {
            id: "synchronise",
            summary:
              "Wrap the whole model in DistributedDataParallel (it broadcasts rank 0's weights at the start), or broadcast them yourself; set one seed on all ranks before the model is built, and see that clipping and the optimizer run on every rank.",
            // A seed that is set already is no change.
            changes: settings.number("seed") === undefined ? [settings.change("seed", 42)] : [],
            dialect: settings.dialect,
            expect: "parameters/hash is the same on all ranks at every step.",
            source: "https://docs.pytorch.org/docs/stable/notes/ddp.html",
          },
          {
            id: "go-back",
            summary: fromStart
              ? "Start again: what was trained so far are several models."
              : `Go back to the last checkpoint before step ${step}; later ones hold one rank's model only.`,
            changes: fromStart ? [] : [settings.change("resume", `the last checkpoint before step ${step}`)],
            dialect: settings.dialect,
            expect: "The held-out loss is back where it was.",
            source: "https://github.com/bigscience-workshop/bigscience/blob/master/train/tr11-176B-ml/chronicles.md",
          },
        ],
      },
    ];
  },
});
