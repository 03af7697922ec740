// A stand-in for a training script in the tests of `llmdbg run`: prints like the Hugging Face trainer, with a
// tqdm bar on standard error. Arguments: steps, milliseconds a step, exit status, step from which the loss is NaN.
import { writeFileSync } from "node:fs";

const [steps = 50, pauseMs = 10, status = 0, nanFrom = Infinity] = process.argv.slice(2).map(Number);
const bar = (step) =>
  process.stderr.write(`\r ${Math.floor((100 * step) / steps)}%|##        | ${step}/${steps} [00:01<00:01, 20.0it/s]`);
const log_history = [];

process.on("SIGINT", () => {
  process.stdout.write("interrupted\n");
  process.exit(42);
});
process.on("SIGTERM", () => {
  process.stdout.write("terminated\n");
  process.exit(43);
});

process.stderr.write("***** Running training *****\n");
process.stderr.write("  Num Epochs = 1\n");
process.stderr.write(`  Total optimization steps = ${steps}\n`);
// A real trainer loads a model first.
await new Promise((resolve) => setTimeout(resolve, 800));
for (let step = 1; step <= steps; step += 1) {
  const loss = step >= nanFrom ? NaN : 1 + 2 * Math.exp(-step / 30);
  bar(step);
  process.stderr.write(`\r${" ".repeat(50)}\r`);
  process.stdout.write(
    `{'loss': '${Number.isNaN(loss) ? "nan" : loss.toFixed(4)}', 'grad_norm': '1.1', 'learning_rate': '0.0003', 'epoch': '${(step / steps).toFixed(4)}'}\n`,
  );
  bar(step);
  log_history.push({ step, loss: Number.isNaN(loss) ? "nan" : Number(loss.toFixed(4)), eval_f1: 0.5 });
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
}
process.stderr.write("\n");
if (process.env["STATE_FILE"] !== undefined)
  writeFileSync(process.env["STATE_FILE"], JSON.stringify({ global_step: steps, max_steps: steps, log_history }));
process.exit(status);
