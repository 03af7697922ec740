import { at } from "../../base/statistics.ts";
import { optional } from "../fact.ts";
import { gradShape } from "../facts/grad-shape.ts";
import { logLines } from "../facts/log-lines.ts";
import { loss } from "../facts/loss.ts";
import { lossOfNumbers } from "../facts/non-finite.ts";
import { lossScale } from "../facts/loss-scale.ts";
import { say } from "../numbers.ts";
import { defineSign } from "../rule.ts";

/** Dynamic scaling tries a larger scale every 1,000 to 2,000 steps and overflows then, and a few times at the start. */
const usualShare = 0.05;
const usualAtStart = 20;

export const occasionalOverflow = defineSign({
  id: "occasional-overflow",
  needs: {
    lines: logLines,
    loss,
    scale: optional(lossScale),
    grad: optional(gradShape),
    lost: optional(lossOfNumbers),
  },
  explain({ lines, loss: rows, scale, grad, lost }) {
    if (lost !== null || lines.scaleExhausted !== null) return [];
    const count = lines.overflows.length;
    const steps = at(rows.step, rows.length - 1) - at(rows.step, 0);
    const explained = [];
    if (count > 0 && count <= Math.max(usualAtStart, usualShare * steps)) {
      const now = scale === null ? "" : ` It is ${say(at(scale.value, scale.length - 1))} now.`;
      explained.push({
        sign: `${count} step${count === 1 ? " was" : "s were"} skipped because of an fp16 overflow.`,
        why: `Dynamic loss scaling raises the scale until a gradient overflows, skips that step and halves the scale; published runs that finished well have such lines.${now}`,
      });
    }
    if (grad !== null && grad.nonFinite > 0 && grad.nonFinite === grad.skipped)
      explained.push({
        sign: `grad_norm was not a number in ${grad.nonFinite} row${grad.nonFinite === 1 ? "" : "s"}.`,
        why: "It was finite in the next row and so was the loss: mixed-precision training measures the overflow, skips that update and goes on.",
      });
    return explained;
  },
});
