import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Decoded } from "../../model/batch.ts";
import type { FlatConfig } from "../../model/config.ts";
import { ConsoleDecoder } from "../console-decoder.ts";
import { mergeDecoded } from "../merge.ts";
import { lineParsers } from "./index.ts";

function decode(text: string, config?: FlatConfig): Decoded {
  const decoder = new ConsoleDecoder({ now: () => Number.NaN, config });
  return mergeDecoded([decoder.pushText(text), decoder.end()]);
}

const points = (text: string, name: string, config?: FlatConfig): [number, number][] => {
  const series = decode(text, config).series.find((candidate) => candidate.name === name);
  return series === undefined ? [] : [...series.step].map((step, i) => [step, series.value[i] ?? -1]);
};

test("the list holds every parser of the folder under its name", () => {
  const parts = new Set([
    "index",
    "line-parser",
    "bar-frame",
    "progress",
    "pairs",
    "open-parsers",
    "measure-words",
    "place",
    "sections",
    "split-words",
  ]);
  const folder = readdirSync(new URL(".", import.meta.url).pathname)
    .filter((file) => file.endsWith(".ts") && !file.includes(".test."))
    .map((file) => file.slice(0, -3))
    .filter((name) => !parts.has(name));
  expect(lineParsers.map(({ id }) => id).toSorted()).toEqual(folder.toSorted());
});

describe("lines that are no metrics", () => {
  test.each([
    "Epoch 3/10 begins",
    "[2024-01-01 12:00:00] hello",
    "see https://example.org:8443/loss?step=3 for more",
    "object at 0x7f3a2c: 12",
    "The loss: three items of 12 were lost on the way to the store",
    "Loading checkpoint shards from model: 2 of 3",
    "batch_size: 32",
    "lr: 0.001",
    "d_model: 128, num_layers: 2, dropout: 0.1",
    "listening on port: 8080",
    "seed = 42",
    "elapsed: 00:10:12, eta: 10:00:00",
    "Accuracy will be computed at step 100",
    "trainable params: 4,194,304 || all params: 6,742,609,920 || trainable%: 0.0622",
    "  warmup_steps: 100",
    "Python 3.11.7 (main, Jan 1 2026, 10:00:00)",
  ])("%s", (line) => {
    const decoded = decode(`${line}\n`);
    expect(decoded.series.map(({ name }) => name)).toEqual([]);
    expect(decoded.records).toHaveLength(1);
  });
});

describe("steps of dictionaries", () => {
  const block = (steps: number, epochs: number, examples = 8000): string =>
    `***** Running training *****\n  Num examples = ${examples}\n  Num Epochs = ${epochs}\n  Total train batch size (w. parallel, distributed & accumulation) = 8\n  Gradient Accumulation steps = 1\n  Total optimization steps = ${steps}\n`;
  const bar = (done: number, total: number): string => `\r ${done}%|█  | ${done}/${total} [00:10<00:20, 10.05it/s]`;

  test("the epoch alone gives the step when it is exact enough", () => {
    const text = `${block(3000, 3)}{'loss': 2.0, 'epoch': '0.5'}\n{'loss': 1.5, 'epoch': '1'}\n{'eval_loss': 1.4, 'epoch': '1'}\n`;
    expect(points(text, "loss")).toEqual([
      [500, 2],
      [1000, 1.5],
    ]);
    expect(points(text, "eval_loss")).toEqual([[1000, 1.4]]);
  });

  test("max_steps that ends within an epoch does not stretch the epochs", () => {
    // 8,000 examples of 8: 1,000 steps an epoch, of which 1,500 are done in "2 epochs".
    expect(points(`${block(1500, 2)}{'loss': 2.0, 'epoch': '1'}\n`, "loss")).toEqual([[1000, 2]]);
  });

  test("a rounded epoch leaves it to the bar, which is exact behind the line", () => {
    const text = `${block(3000, 3)}${bar(497, 3000)}{'loss': 2.0, 'epoch': 0.5}\n${bar(500, 3000)}${bar(512, 3000)}\n`;
    expect(points(text, "loss")).toEqual([[500, 2]]);
  });

  test("without a block the bar tells; the bar of an evaluation inside does not", () => {
    const text = `${bar(9, 40)}{'loss': 2.0, 'epoch': 0.25}\n${bar(10, 40)}\n${bar(1, 8)}${bar(8, 8)}\n{'eval_loss': 1.9, 'epoch': 0.25}\n${bar(10, 40)}${bar(40, 40)}\n`;
    expect(points(text, "loss")).toEqual([[10, 2]]);
    expect(points(text, "eval_loss")).toEqual([[10, 1.9]]);
    expect(points(text, "it/s").map(([step]) => step)).toEqual([9, 10, 40]);
  });

  test("with nothing else the lines are counted in logging intervals", () => {
    const lines = "{'loss': 2.0, 'epoch': 0.1}\n{'loss': 1.0, 'epoch': 0.2}\n";
    expect(points(lines, "loss", { logging_steps: 50 })).toEqual([
      [50, 2],
      [100, 1],
    ]);
    expect(points(lines, "loss")).toEqual([
      [1, 2],
      [2, 1],
    ]);
  });

  test("a second process in the same log goes back", () => {
    const text = `${block(100, 1, 800)}{'loss': 2.0, 'epoch': '0.5'}\n${block(100, 1, 800)}  Continuing training from global step 40\n{'loss': 1.9, 'epoch': '0.45'}\n`;
    expect(points(text, "loss")).toEqual([
      [50, 2],
      [45, 1.9],
    ]);
  });

  test("the summary of a run is a record, not a point", () => {
    const decoded = decode("{'train_runtime': 12.5, 'train_loss': 0.6, 'train_steps_per_second': 3.1, 'epoch': 3.0}\n");
    expect(decoded.series).toEqual([]);
    expect(decoded.records[0]?.message).toMatch(/^Training ended: train_runtime=12\.5, train_loss=0\.6/);
  });
});

test("an epoch that is a fraction is a metric beside the step", () => {
  const text = "step=10 loss=2.5 epoch=0.025\nstep: 400  loss: 2.25  epoch: 1\nstep: 500  loss: 2.1  epoch: 1.25\n";
  expect(points(text, "epoch")).toEqual([
    [10, 0.025],
    [400, 1],
    [500, 1.25],
  ]);
});

describe("dictionaries", () => {
  test("floats of version 4, text of version 5, numpy's wrappers, NaN and infinities, nested groups", () => {
    const read = (line: string): Record<string, number> =>
      Object.fromEntries(decode(`${line}\n`).series.map(({ name, value }) => [name, value[0] ?? -1]));
    expect(read("{'loss': nan, 'grad_norm': inf, 'learning_rate': 5e-05, 'epoch': 0.01}")).toEqual({
      loss: Number.NaN,
      grad_norm: Number.POSITIVE_INFINITY,
      learning_rate: 5e-5,
      epoch: 0.01,
    });
    expect(read("{'loss': 'nan', 'grad_norm': '-inf', 'note': \"it's\", 'epoch': '0.01'}")).toEqual({
      loss: Number.NaN,
      grad_norm: Number.NEGATIVE_INFINITY,
      epoch: 0.01,
    });
    expect(
      read("{'loss': np.float64(1.5), 'kl': tensor(0.25, device='cuda:0'), 'eval': {'acc': 0.5}, 'x': None}"),
    ).toEqual({
      loss: 1.5,
      kl: 0.25,
      "eval/acc": 0.5,
    });
  });

  test("TRL's are told by their names", () => {
    const line =
      "{'loss': 0.0, 'grad_norm': 0.31, 'reward': 0.5, 'reward_std': 0.2, 'completions/mean_length': 120.5, 'kl': 0.0, 'epoch': 0.01}";
    expect(decode(`${line}\n`).dialect).toBe("trl");
  });
});

test("colours, carriage returns and Windows line ends change nothing", () => {
  expect(points("\u001B[32mstep 5\u001B[0m: train loss \u001B[1m2.5\u001B[0m, val loss 2.6\r\n", "train loss")).toEqual(
    [[5, 2.5]],
  );
});

describe("settings printed before training", () => {
  test("become configuration and stay readable in the log", () => {
    const read = decode("vocab_size: 596\nd_model: 128, num_layers: 2, dropout: 0.1\nlr = 3e-4\noptimizer: AdamW\n");
    expect({ ...read.config }).toMatchObject({
      vocab_size: 596,
      d_model: 128,
      num_layers: 2,
      dropout: 0.1,
      lr: 3e-4,
      optimizer: "AdamW",
    });
    expect(read.series).toEqual([]);
    expect(read.records).toHaveLength(4);
  });

  test("are not read from prose, from unknown names or once metrics have come", () => {
    expect({ ...decode("port: 8080\nlearning_rate: it was raised\nUsing vocab_size: 12\n").config }).toEqual({});
    expect({ ...decode("step: 1 loss: 2.5\nlr: 0.5\n").config }).toEqual({});
  });
});

describe("sections of a line", () => {
  test("held-out numbers carry the name of theirs", () => {
    const text = "epoch 3 | [train] loss=1.25 acc=0.5 | [valid] loss=1.5 acc=0.4\n";
    expect(points(text, "loss")).toEqual([[3, 1.25]]);
    expect(points(text, "valid/loss")).toEqual([[3, 1.5]]);
    expect(points(text, "valid/acc")).toEqual([[3, 0.4]]);
  });

  test("a line with one of them alone", () => {
    expect(points("step: 10 [train] loss: 2.5\nstep: 10 [dev] loss: 2.75\n", "dev/loss")).toEqual([[10, 2.75]]);
  });
});

describe("ESPnet", () => {
  // As in espnet/espnet#2183, #2674 and #4813.
  const at = (line: number): string => `[gpu01:0/2] 2020-07-19 08:49:04,080 (trainer:${line}) INFO: `;
  const row = (epoch: number, from: number, to: number, loss: number): string =>
    `${at(464)}${epoch}epoch:train:${from}-${to}batch: iter_time=2.878e-04, forward_time=0.134, loss=${loss}, loss_ctc=232.499, acc=0.013, backward_time=0.111, optim_step_time=0.030, lr_0=3.460e-06, train_time=1.816\n`;
  const results = (epoch: number, count: number, cer: string): string =>
    `${at(243)}${epoch}epoch results: [train] iter_time=0.001, forward_time=0.005, loss=50.5, train_time=0.013, time=3 hours, 11 minutes and 16.97 seconds, total_count=${count}, gpu_max_cached_mem_GB=13.770, [valid] loss_ctc=9.870, cer_ctc=${cer}, wer_transducer=0.629, loss=9.481, time=3 minutes and 24.54 seconds, total_count=240, gpu_max_cached_mem_GB=13.770, [att_plot] time=0.28 seconds, total_count=0\n`;
  const log = row(1, 1, 375, 124) + row(1, 376, 750, 69) + results(1, 757, "nan") + row(2, 1, 375, 62);

  test("rows count on from the end of the epoch before", () => {
    expect(points(log, "loss")).toEqual([
      [375, 124],
      [750, 69],
      [1132, 62],
    ]);
    expect(points(log, "iter_time")).toHaveLength(3);
  });

  test("an epoch's results are of the held-out data, and of training beside the curve", () => {
    expect(points(log, "valid/loss")).toEqual([[757, 9.481]]);
    expect(points(log, "valid/cer_ctc")).toEqual([[757, Number.NaN]]);
    expect(points(log, "epoch/loss")).toEqual([[757, 50.5]]);
    expect(decode(log).series.filter(({ name }) => /att_plot|total_count|(^|\/)time$|gpu_max/.test(name))).toEqual([]);
    expect(decode(log).dialect).toBe("espnet");
  });

  test("an epoch that begins again begins where it did", () => {
    const again = log + results(2, 1514, "0.9") + row(3, 1, 375, 40) + row(3, 1, 375, 41);
    expect(points(again, "loss").slice(-2)).toEqual([
      [1889, 40],
      [1889, 41],
    ]);
  });

  test("what it says besides is a record with its level", () => {
    const { records, series } = decode(
      `${at(184)}2/20epoch started. Estimated time to finish: 33 minutes and 42.59 seconds\n`,
    );
    expect(series).toEqual([]);
    expect(records.map(({ level, message }) => [level, message])).toEqual([
      ["info", "2/20epoch started. Estimated time to finish: 33 minutes and 42.59 seconds"],
    ]);
  });
});

describe("where an evaluation stands", () => {
  const steps = (decoded: Decoded, name: string): number[] => [
    ...(decoded.series.find((series) => series.name === name)?.step ?? []),
  ];
  const bar = (done: number): string => `\r 33%|███▎      | ${done}/40 [00:00<00:01, 41.98it/s]\r`;
  const row = (step: number): string => `{'loss': '${2 - step / 100}', 'grad_norm': '1.2', 'epoch': '${step / 50}'}\n`;
  const evaluation = (step: number): string =>
    `{'eval_loss': '1.94', 'eval_runtime': '0.0217', 'epoch': '${step / 50}'}\n`;
  const upTo = (last: number): string[] =>
    Array.from({ length: last / 2 }, (_, i) => [bar(2 * i + 2), row(2 * i + 2), bar(2 * i + 2)]).flat();

  test("at the training's last step, not behind it", () => {
    const decoder = new ConsoleDecoder({ now: () => 0 });
    const decoded = mergeDecoded([...upTo(40), evaluation(40), bar(40)].map((text) => decoder.pushText(text)));
    expect(steps(decoded, "eval_loss")).toEqual([40]);
    expect(steps(decoded, "loss").at(-1)).toBe(40);
  });

  test("where its epoch is, when the line comes behind a bar that was drawn later", () => {
    const decoder = new ConsoleDecoder({ now: () => 0 });
    const texts = [...upTo(20), evaluation(20), bar(22), row(22), bar(24), row(24), bar(26)];
    const decoded = mergeDecoded(texts.map((text) => decoder.pushText(text)));
    expect(steps(decoded, "eval_loss")).toEqual([20]);
    expect(steps(decoded, "loss").slice(-3)).toEqual([20, 22, 24]);
  });
});

describe("a table of YOLO", () => {
  const bar = (done: number, speed: string): string =>
    `: ${(done * 100) / 16}%|███████▌  | ${done}/16 [00:04<00:00, ${speed}]`;
  const epoch = (number: number, speed: string): string =>
    `\n      Epoch    GPU_mem   box_loss   cls_loss  Instances       Size\n\r       ${number}/9         0G     0.0885     0.2519          7         32${bar(8, "3.64it/s")}\r       ${number}/9         0G     0.0785     0.1519         40         32${bar(16, speed)}\n`;

  test("tells the labels of a batch, and the time of a batch by the bar that is full", () => {
    const text = epoch(0, "4.00it/s") + epoch(1, "2.50s/it");
    expect(points(text, "Instances")).toEqual([
      [0, 40],
      [1, 40],
    ]);
    expect(points(text, "s/it")).toEqual([
      [0, 0.25],
      [1, 2.5],
    ]);
  });

  test("has no step from the scan of the labels before it", () => {
    const scan =
      "train: Scanning data/labels/train... 256 images, 0 backgrounds, 0 corrupt: 100%|██████████| 256/256 [00:00<00:00, 2381.27it/s]\n";
    expect(decode(scan + epoch(0, "4.00it/s")).series.map(({ name }) => name)).not.toContain("it/s");
  });
});
