import { numberOf } from "../number-text.ts";
import type { LineParser, Metric, Reading } from "./line-parser.ts";

// keras/src/utils/progbar.py, versions 2 and 3; verbose=1 draws, verbose=2 prints one line for each epoch:
// `10/100 ━━━━━━━━━━━━━━━━━━━━ 1s 28ms/step - accuracy: 0.5000 - loss: 0.6934`
// `10/100 [==>...........................] - ETA: 1s - loss: 0.6934`
// `8/8 - 0s - 7ms/step - accuracy: 0.5312 - loss: 0.6882 - val_loss: 0.6989`
const epochLine = /^Epoch (\d+)\/(\d+)$/;
const bar = /^ *(\d+)\/(\d+|Unknown) (?:[━╺╸\s]+|\[[=>.]+\]|-)(.*? - .*)$/;
const item = /^([A-Za-z][\w/. -]*?): ([-+\d.e]+|nan|inf|-inf)$/i;

/** A mean over the first few batches of an epoch is their noise: it may be half or twice the loss. */
const fewestBatches = 20;

/** Keras' progress lines; the values are means over the epoch so far, as Keras shows them. */
export const kerasBar: LineParser = {
  id: "keras-bar",
  first: "E0123456789",
  open: (progress) => {
    let epoch = 1;
    let perEpoch = 0;
    /** Step at which each metric was last told: a bar is drawn again without anything new. */
    let told = new Map<string, number>();
    return ({ body }): Reading | undefined => {
      const start = epochLine.exec(body.trim());
      if (start !== null) {
        const next = Number(start[1]);
        if (next < epoch) told = new Map();
        epoch = next;
        progress.heading = next;
        return { config: [["epochs", Number(start[2])]] };
      }
      const drawn = bar.exec(body);
      if (drawn === null) return undefined;
      const done = Number(drawn[1]);
      const before = perEpoch;
      perEpoch = drawn[2] === "Unknown" ? Math.max(perEpoch, done) : Number(drawn[2]);
      const isTold = before === perEpoch || drawn[2] === "Unknown";
      const step = (epoch - 1) * perEpoch + done;
      const metrics: Metric[] = [];
      for (const part of (drawn[3] ?? "").split(" - ")) {
        const [, name, text] = item.exec(part.trim()) ?? [];
        const value = text === undefined ? undefined : numberOf(text);
        if (name === undefined || value === undefined || name === "ETA" || (told.get(name) ?? -1) >= step) continue;
        if (Number.isFinite(value) && done < Math.min(fewestBatches, perEpoch / 2)) continue;
        told.set(name, step);
        metrics.push([name, value]);
      }
      const reading: Reading = metrics.length === 0 ? {} : { step, metrics, dialect: "keras" };
      // CSVLogger counts epochs only.
      return isTold ? reading : { ...reading, config: [["steps_per_epoch", perEpoch]] };
    };
  },
};
