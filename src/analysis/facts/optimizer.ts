import { defineFact } from "../fact.ts";

/** What is known of the optimizer from the configuration, as its user wrote it. */
export interface Optimizer {
  readonly name: string;
  /** Divides by the size of past gradients, so that the length of one gradient hardly matters. */
  readonly isAdaptive: boolean;
}

const names = [
  "llmdbg.watch.optimizer",
  "optim",
  "optimizer",
  "optimizer.name",
  "optimizer.type",
  "optimizer_name",
  "optimizer_type",
];

export const optimizer = defineFact<Optimizer>({
  id: "optimizer",
  derive(run) {
    const name = run.config(...names);
    if (typeof name !== "string" || name === "") return undefined;
    if (/adam|lamb|adafactor|rmsprop|adagrad|lion|sophia|muon|shampoo|prodigy/i.test(name))
      return { name, isAdaptive: true };
    return /sgd|momentum|nesterov/i.test(name) ? { name, isAdaptive: false } : undefined;
  },
});
