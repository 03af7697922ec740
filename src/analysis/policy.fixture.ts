/** Runs of reinforcement and preference learning made of seeded noise: healthy ones that look bad, and faults. */
import type { Fault } from "./faulty.fixture.ts";
import type { Random, Row, Story } from "./synthetic.fixture.ts";

export interface PolicyShape {
  readonly count: number;
  readonly every: number;
  /** Levels at the start and the end; the way between is a saturating curve. */
  readonly reward: readonly [number, number];
  readonly rewardNoise: number;
  readonly entropy: readonly [number, number];
  readonly kl: number;
  readonly length: readonly [number, number];
  readonly limit: number;
}

export const usualPolicy: PolicyShape = {
  count: 150,
  every: 1,
  reward: [0.2, 0.7],
  rewardNoise: 0.06,
  entropy: [1.2, 0.6],
  kl: 0.15,
  length: [200, 260],
  limit: 512,
};

/** Names as TRL's GRPOTrainer logs them. */
export function policyRows(next: Random, shape: PolicyShape): Row[] {
  return Array.from({ length: shape.count }, (_, i): Row => {
    const gained = 1 - Math.exp((-3 * i) / shape.count);
    const between = ([from, to]: readonly [number, number]): number => from + (to - from) * gained;
    const length = between(shape.length) * (1 + 0.05 * next.normal());
    const reward = between(shape.reward);
    return {
      step: (i + 1) * shape.every,
      time: 1_700_000_000_000 + i * 20_000,
      loss: i < 2 ? 0 : 0.004 * next.normal(),
      grad_norm: 0.3 * Math.exp(0.4 * next.normal()),
      learning_rate: 1e-6,
      reward: Math.min(reward + shape.rewardNoise * next.normal(), shape.reward[1] <= 1 ? 1 : Number.POSITIVE_INFINITY),
      reward_std: 0.3 * Math.exp(0.2 * next.normal()),
      frac_reward_zero_std: Math.min(1, Math.max(0, 0.2 + 0.1 * next.normal())),
      entropy: between(shape.entropy) * Math.exp(0.05 * next.normal()),
      kl: i === 0 ? 0 : shape.kl * gained * Math.exp(0.2 * next.normal()),
      "completions/mean_length": Math.min(length, shape.limit),
      "completions/max_length": Math.min(2 * length, shape.limit),
      "completions/clipped_ratio": Math.min(0.9, Math.max(0, 0.05 + 0.03 * next.normal())),
    };
  });
}

const of = (row: Row, name: string): number => row[name] ?? Number.NaN;

/** Reaches the highest reward: no differences are left, and hardly any entropy. */
const policySolved = (next: Random): Story => ({
  rows: policyRows(next, { ...usualPolicy, reward: [0.1, 1.02], rewardNoise: 0.03, entropy: [3, 0.02], kl: 3 }).map(
    (row, i) => (i < 110 ? row : { ...row, reward: 1, reward_std: 0, frac_reward_zero_std: 1, entropy: 0.02 }),
  ),
});

/** Answers grow threefold while the reward rises, as reasoning does. */
const policyReasons = (next: Random): Story => ({
  rows: policyRows(next, { ...usualPolicy, length: [400, 1700], limit: 4096, entropy: [0.5, 0.35] }),
});

/** A hard task: the reward hardly moves, single rows of KL and entropy jump and come back. */
const policyRestless = (next: Random): Story => ({
  rows: policyRows(next, { ...usualPolicy, reward: [0.3, 0.34], rewardNoise: 0.1, entropy: [0.9, 0.8] }).map((row) => ({
    ...row,
    kl: next.uniform() < 0.02 ? 30 * of(row, "kl") : of(row, "kl"),
    entropy: next.uniform() < 0.02 ? 2 * of(row, "entropy") : of(row, "entropy"),
    "completions/mean_length": of(row, "completions/mean_length") * (next.uniform() < 0.02 ? 2 : 1),
  })),
});

/** Most groups have no difference at first: a sparse reward that is found now and then. */
const policyColdStart = (next: Random): Story => ({
  rows: policyRows(next, { ...usualPolicy, reward: [0.02, 0.6], rewardNoise: 0.02 }).map((row, i) => {
    const isFlat = i < 30 && next.uniform() < 0.5;
    return isFlat
      ? { ...row, frac_reward_zero_std: 1, reward: 0, reward_std: 0 }
      : { ...row, frac_reward_zero_std: Math.max(0.1, 0.95 - 0.006 * i) };
  }),
});

/** Names and sizes as TRL's PPOTrainer logs them. */
const policyPpo = (next: Random): Story => ({
  rows: policyRows(next, { ...usualPolicy, reward: [-0.4, 1.5], rewardNoise: 0.15, entropy: [60, 30], kl: 9 }).map(
    (row): Row => ({
      step: row.step,
      loss: of(row, "loss"),
      "objective/scores": of(row, "reward"),
      "objective/kl": of(row, "kl"),
      "objective/entropy": of(row, "entropy"),
      "policy/approxkl_avg": 0.002 * Math.abs(next.normal()),
      "policy/clipfrac_avg": 0.02 * Math.abs(next.normal()),
      "val/ratio": 1 + 0.002 * next.normal(),
    }),
  ),
});

export const healthyPolicies = { policySolved, policyReasons, policyRestless, policyColdStart, policyPpo };

const from = (rows: readonly Row[], start: number, change: (row: Row, i: number) => Row): Row[] =>
  rows.map((row, i) => (i < start ? row : change(row, i - start)));

const shapes = (next: Random): PolicyShape => ({
  ...usualPolicy,
  count: next.integer(90, 200),
  every: next.integer(1, 5),
  rewardNoise: 0.02 + 0.06 * next.uniform(),
});

const fault = (rule: string, row: number, rows: Row[], config: Story["config"] = {}): Fault => ({
  rule,
  onset: rows[row]?.step ?? Number.NaN,
  story: { rows, config, info: { dialect: "trl" } },
});

const constantReward = (next: Random): Fault => {
  const shape = shapes(next);
  const level = [0, 1, 0.5][next.integer(0, 2)] ?? 0;
  const rows = policyRows(next, shape).map((row) => ({
    ...row,
    reward: level,
    reward_std: 0,
    frac_reward_zero_std: 1,
  }));
  return fault("reward-signal-lost", 0, rows);
};

const brokenReward = (next: Random): Fault => {
  const shape = shapes(next);
  const row = next.integer(20, 60);
  const rows = policyRows(next, shape);
  const last = rows[row - 1];
  const broken = from(rows, row, (one) => ({
    ...one,
    // Without a gradient the policy stays where it is.
    entropy: of(last ?? one, "entropy") * Math.exp(0.05 * next.normal()),
    kl: of(last ?? one, "kl") * Math.exp(0.2 * next.normal()),
    grad_norm: 0,
    reward: 0,
    reward_std: 0,
    frac_reward_zero_std: 1,
  }));
  return fault("reward-signal-lost", row, broken);
};

const entropyFalls = (next: Random): Fault => {
  const shape = { ...shapes(next), reward: [0.2, 0.2] as const };
  const row = next.integer(8, 30);
  const rows = from(policyRows(next, shape), row, (one, i) => ({
    ...one,
    entropy: of(one, "entropy") * Math.max(0.03, 0.6 ** (i + 1)),
  }));
  return fault("entropy-collapse", row, rows, { beta: 0.04 });
};

const entropyRises = (next: Random): Fault => {
  const shape = { ...shapes(next), reward: [0.4, 0.45] as const, entropy: [0.8, 0.7] as const };
  const row = next.integer(15, 50);
  const rows = from(policyRows(next, shape), row, (one, i) => ({
    ...one,
    entropy: of(one, "entropy") + 5 * (1 - Math.exp(-(i + 1) / 6)),
    reward: of(one, "reward") * Math.exp(-i / 8),
  }));
  return fault("entropy-collapse", row, rows, { entropy_coef: 0.1 });
};

const lengthGrows = (next: Random): Fault => {
  const shape = { ...shapes(next), reward: [0.3, 0.9] as const };
  const row = next.integer(15, 50);
  const rows = from(policyRows(next, shape), row, (one, i) => {
    const length = Math.min(shape.limit, of(one, "completions/mean_length") * (1.2 + 0.1 * i));
    return {
      ...one,
      "completions/mean_length": length,
      "completions/max_length": shape.limit,
      "completions/clipped_ratio": Math.min(1, (length / shape.limit) ** 3),
    };
  });
  return { ...fault("length-explosion", row, rows, { max_completion_length: 512 }), onset: Number.NaN };
};

const neverStops = (next: Random): Fault => {
  const shape = shapes(next);
  const rows = policyRows(next, shape).map((row) => ({
    ...row,
    "completions/mean_length": shape.limit,
    "completions/max_length": shape.limit,
    "completions/clipped_ratio": 1,
  }));
  return fault("length-explosion", 0, rows);
};

const klGrows = (next: Random): Fault => {
  const shape = { ...shapes(next), reward: [0.3, 0.31] as const };
  const row = next.integer(25, 60);
  const rows = from(policyRows(next, shape), row, (one, i) => ({
    ...one,
    kl: Math.min(of(one, "kl") * 3 * 1.8 ** i + 0.5, 80 * Math.exp(0.1 * next.normal())),
  }));
  return fault("kl-blowup", row, rows, { beta: 0 });
};

const farReference = (next: Random): Fault => {
  const shape = shapes(next);
  const away = 0.3 + 2 * next.uniform();
  const rows = policyRows(next, shape).map((row) => ({
    ...row,
    kl: away * Math.exp(0.05 * next.normal()) + of(row, "kl"),
  }));
  return fault("reference-mismatch", 0, rows);
};

const policyFalls = (next: Random): Fault => {
  const shape = { ...shapes(next), reward: [0.2, 0.8] as const };
  const row = next.integer(40, 60);
  const rows = from(policyRows(next, shape), row, (one, i) => ({
    ...one,
    reward: 0.05 + 0.02 * Math.abs(next.normal()),
    kl: of(one, "kl") + 0.3 * Math.min(1, i / 5),
    "completions/mean_length": of(one, "completions/mean_length") * 0.5,
  }));
  return fault("policy-collapse", row, rows);
};

export const faultyPolicies = {
  constantReward,
  brokenReward,
  entropyFalls,
  entropyRises,
  lengthGrows,
  neverStops,
  klGrows,
  farReference,
  policyFalls,
};

/** A run of TRL with these rows. */
export const trlStory = (rows: readonly Row[], config: Story["config"] = {}): Story => ({
  rows,
  config,
  info: { dialect: "trl" },
});
