/**
 * Where training stands, for lines that do not say their step: Hugging Face dictionaries above all.
 *
 * The place of such a line is chosen in this order:
 * 1. The epoch in the line and the "Running training" block (examples, batch, accumulation): the
 *    steps whose epoch is printed so. When there is exactly one, that is it.
 * 2. The training bar. It may lag when the line is printed (tqdm draws at most every 0.1 s), but tqdm
 *    redraws it right behind the line, so the first drawing after the line is exact: the caller holds
 *    the line back for it. A bar that contradicts the block is not believed.
 * 3. The logging interval learned so far (or given as `logging_steps`): last step plus interval.
 *
 * Where output and errors come through two pipes, lines of one may arrive behind lines of the other that
 * were printed later, so the drawing behind a line is not always its own. Transformers 5 prints no block;
 * then steps an epoch are learned from the lines placed so far, and stand in for it.
 */

/** An epoch as printed: it was rounded by at most `half`. */
export interface EpochMark {
  readonly value: number;
  readonly half: number;
}

/** The "Running training" block. */
export interface Plan {
  examples?: number;
  epochs?: number;
  totalBatch?: number;
  accumulation?: number;
  maxSteps?: number;
  stepsPerEpoch?: number;
}

/** Steps an epoch as far as lines placed so far tell. */
interface Pace {
  readonly low: number;
  readonly high: number;
  /** Lines that agree. */
  readonly lines: number;
}

interface Bar {
  readonly total: number;
  readonly done: number;
}

export class Progress {
  plan: Plan = {};
  /** Step of the latest training metrics. */
  lastStep: number | undefined;
  /** Number of the latest line that only said which epoch or iteration follows. */
  heading: number | undefined;
  #bar: Bar | undefined;
  /** A bar of another size than the training bar: an evaluation's, or training's second one. */
  #other: Bar | undefined;
  #interval: number | undefined;
  #pace: Pace | undefined;
  /** Epoch of the latest training metrics. */
  #lastEpoch: EpochMark | undefined;
  readonly #givenInterval: number | undefined;

  constructor(loggingSteps?: number) {
    this.#givenInterval = loggingSteps !== undefined && loggingSteps >= 1 ? loggingSteps : undefined;
  }

  /** A new process, or training starts over in this one. */
  restart(): void {
    this.plan = {};
    this.#bar = undefined;
    this.#other = undefined;
    this.#pace = undefined;
    this.#lastEpoch = undefined;
    this.lastStep = undefined;
  }

  /** Training continues from a checkpoint. */
  continueFrom(step: number): void {
    this.lastStep = step;
  }

  /** How far training has come, by its metrics and its bar. */
  get current(): number | undefined {
    if (this.#bar === undefined) return this.lastStep;
    return Math.max(this.#bar.done, this.lastStep ?? 0);
  }

  get bar(): Bar | undefined {
    return this.#bar;
  }

  /** Notes a bar without description; true when it is the training bar. */
  draw(done: number, total: number): boolean {
    const drawn = { done, total };
    const planned = this.plan.maxSteps;
    const isTraining = planned === undefined ? this.#bar === undefined || this.#bar.total === total : planned === total;
    if (isTraining) {
      this.#bar = drawn;
      this.#other = undefined;
    } else this.#other = drawn;
    return isTraining;
  }

  /**
   * Training metrics came while a second bar is drawn and the first was done: the second one is
   * the training bar now (a warm-up or an evaluation came first, or a second training follows).
   */
  adoptBar(): void {
    if (this.#other === undefined || this.plan.maxSteps !== undefined) return;
    if (this.#bar !== undefined && this.#bar.done < this.#bar.total) return;
    this.#bar = this.#other;
    this.#other = undefined;
  }

  /** The step of a line printed now, or `wait` while the next drawing of the bar can tell better. */
  place(epoch: EpochMark | undefined, isEvaluation = false): number | "wait" {
    const range = epoch === undefined ? undefined : this.#range(epoch);
    if (range !== undefined && range.from === range.to) return range.from;
    if (isEvaluation && this.#isLast(epoch)) return this.lastStep ?? 0;
    if (this.#bar !== undefined && this.#bar.done < this.#bar.total) return "wait";
    return this.settle(epoch, { isEvaluation });
  }

  /** The best answer with what is known: `isExact` when the bar was drawn behind the line. */
  settle(epoch: EpochMark | undefined, { isExact = false, isEvaluation = false } = {}): number {
    const range = epoch === undefined ? undefined : this.#range(epoch);
    const bar = this.#bar?.done;
    const within = (step: number): boolean => range === undefined || (step >= range.from - 1 && step <= range.to + 1);
    if (isExact && bar !== undefined && within(bar)) return bar;
    const interval = this.#givenInterval ?? this.#interval;
    // An evaluation stands where training stood, and training does not go on behind its last step.
    const moves = interval !== undefined && !isEvaluation;
    const next = moves ? Math.min((this.lastStep ?? 0) + interval, this.#bar?.total ?? Infinity) : undefined;
    if (bar !== undefined && within(bar)) {
      // The bar may lag by what runs between two drawings.
      const lag = Math.max(3, bar * 0.02);
      return next !== undefined && next >= bar && next <= bar + lag && within(next) ? next : bar;
    }
    if (range !== undefined) {
      if (next !== undefined && next >= range.from && next <= range.to) return next;
      return Math.round((range.from + range.to) / 2);
    }
    if (isEvaluation && this.lastStep !== undefined) return this.lastStep;
    return next ?? (this.lastStep ?? 0) + 1;
  }

  /** Whether the epoch is printed as that of the latest training metrics. */
  #isLast(epoch: EpochMark | undefined): boolean {
    const last = this.#lastEpoch;
    return epoch !== undefined && last?.value === epoch.value && last.half === epoch.half;
  }

  /** Training metrics stood at `step`. */
  arrive(step: number, epoch?: EpochMark): void {
    this.#lastEpoch = epoch;
    if (epoch !== undefined) this.#learnPace(step, epoch);
    if (this.lastStep !== undefined && step > this.lastStep) this.#interval = step - this.lastStep;
    else if (this.lastStep === undefined && step > 0) this.#interval = step;
    this.lastStep = step;
  }

  #learnPace(step: number, { value, half }: EpochMark): void {
    if (step <= 0 || value <= half) return;
    const low = step / (value + half);
    const high = step / (value - half);
    const before = this.#pace;
    this.#pace =
      before === undefined || low > before.high || high < before.low
        ? { low, high, lines: 1 }
        : { low: Math.max(low, before.low), high: Math.min(high, before.high), lines: before.lines + 1 };
  }

  /** The steps that the learned pace allows, unless the bar contradicts it. */
  #learnedRange({ value, half }: EpochMark): { from: number; to: number } | undefined {
    if (this.#pace === undefined || this.#pace.lines < 2) return undefined;
    const { low, high } = this.#pace;
    const tiny = 1e-6;
    const from = Math.ceil(low * (value - half) * (1 - tiny));
    const to = Math.floor(high * (value + half) * (1 + tiny));
    if (from > to) return undefined;
    const bar = this.#bar;
    const slack = Math.max(10, 3 * (this.#interval ?? 1), 0.05 * to);
    if (bar !== undefined && (from > bar.total || from > bar.done + slack || to < bar.done - slack)) return undefined;
    return { from, to: Math.min(to, bar?.total ?? to) };
  }

  /** The steps at which a trainer would print this epoch. */
  #range(epoch: EpochMark): { from: number; to: number } | undefined {
    const perEpoch = stepsPerEpoch(this.plan);
    if (perEpoch === undefined) return this.#learnedRange(epoch);
    const at = (value: number): number => {
      const whole = Math.floor(value);
      return whole * perEpoch.whole + (value - whole) * perEpoch.fraction;
    };
    const most = this.plan.maxSteps ?? Number.MAX_SAFE_INTEGER;
    const tiny = 1e-6;
    const low = at(Math.max(0, epoch.value - epoch.half));
    const high = at(epoch.value + epoch.half);
    const from = Math.min(most, Math.ceil(low - tiny * (1 + low)));
    const to = Math.min(most, Math.floor(high + tiny * (1 + high)));
    if (from <= to) return { from, to };
    // The last step of an epoch takes what batches are left, so its epoch is not a multiple of the others'.
    const nearest = Math.min(most, Math.ceil(at(epoch.value) - tiny));
    return { from: nearest, to: nearest };
  }
}

/**
 * `fraction`: batches of an epoch divided by accumulation, in which the epoch grows;
 * `whole`: steps of a whole epoch, rounded up for a rest of batches (transformers 5 trainer.py,
 * `num_update_steps_per_epoch`). Undefined when the block does not tell.
 */
function stepsPerEpoch(plan: Plan): { whole: number; fraction: number } | undefined {
  const { examples, totalBatch, epochs, maxSteps } = plan;
  const accumulation = plan.accumulation ?? 1;
  if (examples !== undefined && totalBatch !== undefined && totalBatch > 0) {
    const batches = Math.ceil(examples / (totalBatch / accumulation));
    const whole = plan.stepsPerEpoch ?? Math.max(1, Math.ceil(batches / accumulation));
    const fits = maxSteps === undefined || epochs === undefined || Math.ceil(maxSteps / whole) === epochs;
    if (fits) return { whole, fraction: Math.abs(batches / accumulation - whole) < 1 ? batches / accumulation : whole };
  }
  if (plan.stepsPerEpoch !== undefined) return { whole: plan.stepsPerEpoch, fraction: plan.stepsPerEpoch };
  if (maxSteps === undefined || epochs === undefined || epochs === 0) return undefined;
  return { whole: maxSteps / epochs, fraction: maxSteps / epochs };
}
