/** Which runs stand on each rule's page. `words`: what was done, or why it is innocent. */
export interface Source {
  readonly kind: "recording" | "generated";
  readonly name: string;
  readonly words: string;
  /** Other than the first series of the finding's evidence. */
  readonly series?: string;
}

export interface Pair {
  readonly fires: Source;
  readonly innocent: Source;
  readonly series?: string;
}

const recording = (name: string, words: string, series?: string): Source => ({
  kind: "recording",
  name,
  words,
  ...(series === undefined ? {} : { series }),
});
const generated = (name: string, words: string): Source => ({ kind: "generated", name, words });

export const pictures: Readonly<Record<string, Pair>> = {
  "non-finite-loss": {
    fires: recording("translate-nan-seed1", "the loss becomes NaN and stays so"),
    innocent: recording("translate-healthy-seed1", "every loss is a number"),
  },
  "hidden-non-finite-loss": {
    fires: recording("translate-hidden-nan-seed1", "the trainer logs 0.0 in place of NaN"),
    innocent: generated("policy", "a GRPO loss of 0 at the start is what it should be"),
  },
  "masked-labels": {
    fires: recording("translate-masked-labels-seed1", "no token of any label counts"),
    innocent: generated("policy", "a GRPO loss of 0 at the start is what it should be"),
  },
  "accumulation-scaling": {
    fires: recording("translate-accumulation-scaling-seed1", "the logged loss is multiplied by the accumulation steps"),
    innocent: recording("translate-healthy-seed1", "training and evaluation loss agree"),
  },
  "initial-loss-mismatch": {
    fires: generated("badStart", "the first loss is far above ln of the vocabulary"),
    innocent: recording("translate-healthy-seed1", "the first loss is ln of the vocabulary"),
  },
  "loss-divergence": {
    fires: recording("translate-lr-too-high-seed1", "the learning rate is 150 times too high"),
    innocent: generated("restarts", "the loss rises when the schedule restarts, and comes back"),
  },
  "loss-spike": {
    fires: recording("translate-spike-seed1", "one batch of wrong labels"),
    innocent: recording("translate-healthy-small-batch-seed1", "batches of 4: noisy throughout"),
  },
  "gradient-explosion": {
    fires: generated("exploding", "the norm grows by decades"),
    innocent: generated("spikyGradients", "single peaks that pass"),
  },
  "no-learning": {
    fires: recording("translate-frozen-seed1", "no parameter is trained"),
    innocent: generated("slowStart", "a long warm-up: the loss stands still, then falls"),
  },
  overfitting: {
    fires: recording("translate-overfit-seed1", "200 sentences, again and again"),
    innocent: generated("noisyEvals", "evaluation scatters, and does not rise"),
  },
  "resume-discontinuity": {
    fires: recording("translate-resume-seed1", "resumed without its optimizer state"),
    innocent: generated("resumedWell", "resumed with everything it needs"),
  },
  "stalled-run": {
    fires: recording("translate-stall-seed1", "the process hangs in the middle"),
    innocent: recording("translate-healthy-seed1", "rows come at their usual pace"),
    series: "loss",
  },
  "reward-signal-lost": {
    fires: generated("brokenReward", "the reward function fails and answers 0"),
    innocent: generated("policyColdStart", "a sparse reward: most groups have no difference at first"),
  },
  "entropy-collapse": {
    fires: generated("entropyFalls", "the policy stops exploring while the reward stands"),
    innocent: generated("policySolved", "the entropy falls as the task is solved"),
  },
  "length-explosion": {
    fires: generated("lengthGrows", "longer answers are rewarded, up to the limit"),
    innocent: generated("policyReasons", "answers grow longer and better, far from the limit"),
    series: "completions/mean_length",
  },
  "kl-blowup": {
    fires: generated("klGrows", "nothing holds the policy near the reference"),
    innocent: generated("policyRestless", "single rows jump and come back"),
  },
  "reference-mismatch": {
    fires: generated("farReference", "the reference has other weights"),
    innocent: generated("policyReasons", "the divergence starts at 0"),
  },
  "policy-collapse": {
    fires: generated("policyFalls", "the reward falls from its best and stays down"),
    innocent: generated("policyRestless", "a hard task with a noisy reward"),
  },
  "preference-degeneration": {
    fires: generated("chosenUnlikely", "both answers become unlikely"),
    innocent: generated("preferenceStrong", "a strong preference costs the chosen answer a third"),
    series: "logps/chosen",
  },
  "throughput-drop": {
    fires: generated("throughputFalls", "the throughput falls to two fifths"),
    innocent: generated("logged", "compilation at the start, pauses in between"),
    series: "tps",
  },
  "input-bound": {
    fires: generated("waits", "the loader falls behind"),
    innocent: generated("logged", "a wait of a few percent"),
    series: "data_time",
  },
  "straggler-rank": {
    fires: generated("straggler", "one of eight ranks slows down"),
    innocent: generated("ranksAlike", "eight ranks that take turns"),
    series: "step_time",
  },
  "desynchronised-ranks": {
    fires: generated("apart", "one of four ranks comes apart"),
    innocent: generated("ranksAlike", "the same hash on every rank"),
    series: "parameters/hash",
  },
  "non-finite-layer": {
    fires: recording("gpt-log-of-zero-seed1", "the logarithm of a probability that rounds to 0"),
    innocent: recording("gpt-healthy-fp16-seed1", "scaled gradients overflow, and the step is skipped"),
    series: "layer/grad_norm{layer=lm_head}",
  },
  "dead-units": {
    fires: recording("cnn-dead-relu-seed1", "a bias of -60 keeps a layer at 0"),
    innocent: recording("cnn-healthy-seed1", "sparse after 20 steps, and learning"),
  },
  "attention-logit-growth": {
    fires: recording("gpt-attention-logits-seed1", "scores are not divided by the root of the head's size"),
    innocent: recording("gpt-healthy-seed1", "logits grow to a few units and stay"),
  },
  "output-logit-drift": {
    fires: generated("logitsDrift", "log Z goes away at an even pace, and the loss does not see it"),
    innocent: generated("logitsRest", "log Z moves as far, and comes to rest"),
  },
  "second-moment-lag": {
    fires: generated("momentLags", "twice the gradient is 5 times what Adam's second moment knew"),
    innocent: generated("momentCalm", "one large batch that does no harm"),
    series: "layer/update_rms",
  },
  "saturated-activations": {
    fires: generated("saturated", "a layer goes to the bounds of its tanh"),
    innocent: generated("sureOutput", "the output layer is sure of its answers"),
  },
  "frozen-layer": {
    fires: generated("notOptimized", "one layer was not given to the optimizer"),
    innocent: generated("watched", "updates fade with the learning rate"),
  },
  "update-ratio-out-of-band": {
    fires: generated("largeUpdates", "each step changes the weights by a third"),
    innocent: generated("watched", "a thousandth of the weights, fading with the rate"),
  },
  "learning-rate-too-high": {
    fires: recording("gpt-lr-too-high-seed1", "a learning rate of 0.6, 150 times too high"),
    innocent: recording("gpt-healthy-small-batch-seed1", "four sequences a step: noisy, and falling"),
  },
  "loss-scale-collapse": {
    fires: recording("gpt-loss-scale-seed1", "no gradient is finite from step 120 on"),
    innocent: recording("gpt-healthy-fp16-seed1", "the scale begins too high and settles"),
  },
  "gradient-vanishing": {
    fires: generated("vanished", "the norm falls by decades while the loss stands still"),
    innocent: generated("solved", "the norm falls with a loss that is solved"),
  },
  "loss-plateau": {
    fires: recording("gpt-schedule-too-short-seed1", "the schedule ends at step 40 of 200"),
    innocent: recording("gpt-healthy-plateau-seed1", "the loss reaches what this text allows"),
  },
  "clipping-dominates": {
    fires: recording("gpt-head-init-seed1", "norms far above the clip, from an output layer that begins too large"),
    innocent: recording("gpt-healthy-seed1", "clipped now and then"),
    series: "grad_norm",
  },
  memorization: {
    fires: generated("byHeart", "training loss near 0, held-out loss far above"),
    innocent: recording("translate-healthy-seed1", "the held-out loss falls with the training loss"),
  },
  "data-repeated": {
    fires: generated("sorted", "the same order in every epoch"),
    innocent: generated("shuffledEpochs", "shuffled anew in each epoch"),
  },
};
