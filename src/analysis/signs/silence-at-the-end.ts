import { defineFact } from "../fact.ts";
import { cadence } from "../facts/cadence.ts";
import { sayTime } from "../numbers.ts";
import { defineSign } from "../rule.ts";

const ending = defineFact<{ readonly ms: number }>({
  id: "end of the run",
  derive(run, get) {
    const rhythm = get(cadence);
    const { status, endedAt } = run.info();
    if (rhythm === undefined || status !== "finished" || endedAt === null) return undefined;
    const ms = endedAt - rhythm.lastPointTime;
    return { ms: ms > Math.max(60_000, 20 * rhythm.usual) ? ms : 0 };
  },
});

export const silenceAtTheEnd = defineSign({
  id: "silence-at-the-end",
  needs: { ending },
  explain({ ending: { ms } }) {
    if (ms === 0) return [];
    return [
      {
        sign: `Nothing was logged in the last ${sayTime(ms)}.`,
        why: "The run ended well; after the last logged step it evaluated, saved or uploaded the model.",
      },
    ];
  },
});
