import type { LineParser, Metric, Reading } from "./line-parser.ts";

// pjreddie/darknet and AlexeyAB/darknet examples/detector.c, train_detector:
// ` 9002: 0.211667, 0.060730 avg loss, 0.001000 rate, 3.868000 seconds, 576128 images, 12.3 hours left`.
const line =
  /^ ?(\d+): (-?[\d.]+|-?nan|inf), (-?[\d.]+|-?nan|inf) avg(?: loss)?, ([\d.]+) rate, ([\d.]+) seconds, \d+ images/;

/** Darknet's one line a batch: the loss, its running average, the learning rate and the time. */
export const darknet: LineParser = {
  id: "darknet",
  open:
    () =>
    ({ text }): Reading | undefined => {
      const found = line.exec(text);
      if (found === null) return undefined;
      const [, step, loss = "", average = "", rate, seconds] = found;
      const metrics: Metric[] = [
        ["loss", lossOf(loss)],
        ["avg loss", lossOf(average)],
        ["lr", Number(rate)],
        ["step time", Number(seconds)],
      ];
      return { step: Number(step), metrics };
    },
};

const lossOf = (text: string): number => (text.endsWith("nan") ? Number.NaN : text === "inf" ? Infinity : Number(text));
