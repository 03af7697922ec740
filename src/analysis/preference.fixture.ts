/** Runs of preference learning made of seeded noise, with the names of TRL's DPOTrainer. */
import type { Fault } from "./faulty.fixture.ts";
import type { Random, Row, Story } from "./synthetic.fixture.ts";

interface PreferenceShape {
  readonly count: number;
  readonly beta: number;
  /** What both answers lose, and the margin that is gained, in nats, at the end. */
  readonly lost: number;
  readonly margin: number;
  readonly noise: number;
}

const usual: PreferenceShape = { count: 150, beta: 0.1, lost: 25, margin: 20, noise: 12 };

function preferenceRows(next: Random, { count, beta, lost, margin, noise }: PreferenceShape): Row[] {
  return Array.from({ length: count }, (_, i): Row => {
    const gained = 1 - Math.exp((-3 * i) / count);
    // The first batch is the reference itself.
    const up = i === 0 ? 0 : -lost * gained + 0.05 * noise * next.normal();
    const down = i === 0 ? 0 : -(lost + margin) * gained + 0.05 * noise * next.normal();
    const gap = beta * (up - down);
    return {
      step: (i + 1) * 5,
      loss: Math.max(0.02, Math.log(1 + Math.exp(-gap)) + (i === 0 ? 0 : 0.03 * next.normal())),
      grad_norm: 12 * Math.exp(0.3 * next.normal()),
      learning_rate: 5e-7,
      "rewards/chosen": beta * up,
      "rewards/rejected": beta * down,
      "rewards/margins": gap,
      "rewards/accuracies": Math.min(1, Math.max(0, 0.5 + 0.35 * Math.tanh(gap) + 0.06 * next.normal())),
      "logps/chosen": -260 + up + noise * next.normal(),
      "logps/rejected": -280 + down + noise * next.normal(),
    };
  });
}

export const healthyPreferences = {
  preferenceWhole: (next: Random): Story => ({ rows: preferenceRows(next, usual) }),
  /** A strong preference: the chosen answers lose a third of their likelihood in nats. */
  preferenceStrong: (next: Random): Story => ({ rows: preferenceRows(next, { ...usual, lost: 90, margin: 150 }) }),
  /** Little is learned of noisy labels, but something. */
  preferenceWeak: (next: Random): Story => ({ rows: preferenceRows(next, { ...usual, lost: 3, margin: 6 }) }),
};

const fault = (rows: Row[], row: number, config: Story["config"] = {}): Fault => ({
  rule: "preference-degeneration",
  onset: rows[row]?.step ?? Number.NaN,
  story: { rows, config, info: { dialect: "trl" } },
});

const chosenUnlikely = (next: Random): Fault => ({
  ...fault(preferenceRows(next, { ...usual, lost: 500 + 300 * next.uniform(), margin: 120 }), 0, { beta: 0.01 }),
  onset: Number.NaN,
});

const pairsSwapped = (next: Random): Fault =>
  fault(
    preferenceRows(next, { ...usual, margin: 5 }).map((row) => ({
      ...row,
      "rewards/accuracies": 0.3 + 0.06 * next.normal(),
      "rewards/margins": -Math.abs(row["rewards/margins"] ?? 0) - 0.1,
    })),
    0,
  );

const pairsAlike = (next: Random): Fault =>
  fault(
    preferenceRows(next, { ...usual, margin: 0 }).map((row) => ({
      ...row,
      loss: Math.LN2 + 0.01 * next.normal(),
      "rewards/accuracies": 0.5 + 0.06 * next.normal(),
      "rewards/margins": 0.02 * next.normal(),
    })),
    0,
  );

export const faultyPreferences = { chosenUnlikely, pairsSwapped, pairsAlike };
