import { numberOf } from "../number-text.ts";
import type { LineParser, Metric, Reading } from "./line-parser.ts";

// ultralytics/ultralytics engine/trainer.py (progress_string) and models/yolo/detect/val.py (get_desc):
//       Epoch    GPU_mem   box_loss   cls_loss   dfl_loss  Instances       Size
//     70/1000      6.73G      1.081     0.4706      1.084         10        640: 100%|████| 16/16 [...]
//                  Class     Images  Instances      Box(P          R      mAP50  mAP50-95): 100%|████| 8/8 [...]
//                    all        722       1444      0.989       0.99      0.993      0.681
const header = /^\s*Epoch\s+GPU_mem\s+(.+?)\s*$/i;
const row = /^\s*(\d+)\/(\d+)\s+[\d.]+[GMK]?B?\s+([\d.\sa-z+-]+?)(?::\s+(\d+)%.*)?$/i;
const classes = /^\s*Class\s+Images\s+(?:Instances|Labels)\s+(.+?)(?::\s|$)/;
const all = /^\s*all\s[\d.\sean+-]+$/i;
const notMetric = /^(size|img_size|total)$/i;

/** Ultralytics' tables: one row of training and one of validation for each epoch. */
export const yolo: LineParser = {
  id: "yolo",
  bars: true,
  open: () => {
    let columns: readonly string[] = [];
    let measures: readonly string[] = [];
    let epoch = 0;
    return ({ text, bar }): Reading | undefined => {
      const line = bar === undefined ? text : bar.description;
      const head = bar === undefined ? header.exec(line) : null;
      if (head !== null) {
        columns = (head[1] ?? "").split(/\s+/);
        return { dialect: "yolo" };
      }
      if (columns.length === 0) return undefined;
      const table = classes.exec(line);
      if (table !== null) {
        measures = measureNames(table[1] ?? "");
        return {};
      }
      const trained = row.exec(line);
      if (trained !== null) {
        epoch = Number(trained[1]);
        const isDone = bar === undefined ? trained[4] === undefined || trained[4] === "100" : bar.done === bar.total;
        // The row is redrawn with each batch; the epoch's last drawing counts.
        if (!isDone) return {};
        const metrics = values(columns, trained[3] ?? "", "");
        // A bar that is full shows the mean over all of its batches (tqdm's `close`), without the evaluation after them.
        if (bar?.rate !== undefined && bar.rate > 0) metrics.push([`s/${bar.unit}`, 1 / bar.rate]);
        return { step: epoch, metrics, config: [["epochs", Number(trained[2])]] };
      }
      if (measures.length === 0 || !all.test(line)) return undefined;
      // Behind `all` stand the numbers of images and of instances.
      const numbers = line.trim().split(/\s+/).slice(3).join(" ");
      return { step: epoch, metrics: values(measures, numbers, "val/"), isEvaluation: true };
    };
  },
};

function values(names: readonly string[], text: string, prefix: string): Metric[] {
  const metrics: Metric[] = [];
  text
    .trim()
    .split(/\s+/)
    .forEach((cell, i) => {
      const name = names[i];
      const value = numberOf(cell);
      if (name !== undefined && value !== undefined && !notMetric.test(name)) metrics.push([prefix + name, value]);
    });
  return metrics;
}

/** `Box(P R mAP50 mAP50-95) Mask(P R ...)`: boxes' measures have plain names, those of other kinds their kind in front. */
function measureNames(text: string): string[] {
  let kind = "";
  return text
    .replace(/:\s*$/, "")
    .split(/\s+/)
    .map((word) => {
      const [, opened, name] = /^(\w+)\((.*)$/.exec(word) ?? [];
      if (opened !== undefined) kind = opened === "Box" ? "" : `${opened} `;
      return kind + (name ?? word).replace(/\):?$/, "");
    });
}
