import { describe, expect, it } from "vitest";
import type { Finding } from "../../model/finding.ts";
import { judged, lastStepOf, mainLoss, sparkline } from "./summary.ts";

describe("sparkline", () => {
  it("keeps a short curve as it is", () => {
    expect(sparkline(Float64Array.of(3, Number.NaN, 1))).toEqual([3, null, 1]);
  });

  it("shows a single-step spike in a long curve, where it is", () => {
    const values = new Float64Array(100_000).fill(1);
    values[71_234] = 1e6;
    const line = sparkline(values);
    expect(line).toHaveLength(40);
    expect(line.indexOf(1e6)).toBe(2 * Math.floor((71_234 / 100_000) * 20) + 1);
  });

  it("says nothing where there is nothing finite", () => {
    expect(sparkline(new Float64Array(1_000).fill(Number.NaN))).toEqual(Array.from({ length: 40 }, () => null));
    expect(sparkline(new Float64Array(0))).toEqual([]);
  });
});

describe("mainLoss and lastStepOf", () => {
  const series = (name: string, lastStep: number) => ({ name, labels: {}, lastStep });

  it("prefer the training loss", () => {
    const all = [series("system/cpu", 9_000), series("eval_loss", 50), series("train/loss", 100), series("lr", 200)];
    expect(mainLoss(all)?.name).toBe("train/loss");
    expect(lastStepOf(all)).toBe(100);
  });

  it("take what there is otherwise", () => {
    expect(mainLoss([series("eval_loss", 50)])?.name).toBe("eval_loss");
    expect(lastStepOf([series("system/cpu", 9_000), series("accuracy", 70)])).toBe(70);
    expect(lastStepOf([series("system/cpu", 9_000)])).toBeNull();
  });
});

describe("judged", () => {
  const finding = (severity: Finding["severity"], recovered: boolean | null, title = "", step = 1): Finding => ({
    rule: "loss-spike",
    severity,
    title,
    message: "",
    onset: { step },
    end: null,
    recovered,
    evidence: [],
    causes: [],
    advice: [],
  });

  it("is the worst that is still open", () => {
    expect(judged([finding("info", null), finding("warning", false), finding("error", true)])).toMatchObject({
      verdict: "warning",
      findings: 3,
    });
    expect(judged([])).toEqual({ verdict: null, findings: 0, headline: null });
  });

  it("is named by the first open finding of that severity", () => {
    const later = finding("error", false, "Loss diverges", 90);
    const first = finding("error", false, "A layer makes numbers that are not finite", 80);
    const passed = finding("error", true, "Loss spikes", 10);
    expect(judged([passed, later, finding("warning", null, "Clipped", 5), first]).headline).toBe(first.title);
    expect(judged([passed])).toEqual({ verdict: "info", findings: 1, headline: "Loss spikes" });
  });
});
