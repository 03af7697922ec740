/** How lines of programs nobody knows are read: names, parts of the data, tables and places. */
import { describe, expect, test } from "vitest";
import { ConsoleDecoder } from "../console-decoder.ts";
import { mergeDecoded } from "../merge.ts";

/** Every series of a text as `name: step=value ...`. */
const read = (...lines: readonly string[]): string[] => {
  const decoder = new ConsoleDecoder({ now: () => Number.NaN });
  const { series } = mergeDecoded([decoder.pushText(`${lines.join("\n")}\n`), decoder.end()]);
  return series.map(
    ({ name, step, value }) => `${name}: ${[...value].map((number, i) => `${step[i]}=${number}`).join(" ")}`,
  );
};

describe("names without a mark", () => {
  test("stand before their number when all of their words are known", () => {
    expect(read("it 10/600 | train xent 1.23 | dev xent 1.30")).toEqual(["train xent: 10=1.23", "dev xent: 10=1.3"]);
    expect(read("[train] step 100 loss 2.31 lr 3e-4 gnorm 0.91")).toEqual([
      "loss: 100=2.31",
      "lr: 100=0.0003",
      "gnorm: 100=0.91",
    ]);
  });

  test("the step may stand between", () => {
    expect(read("Train loss 1000 0.61 Grad Norm 1.85 3.99s/it")).toEqual([
      "Train loss: 1000=0.61",
      "Grad Norm: 1000=1.85",
      "s/it: 1000=3.99",
    ]);
  });

  test("a number in front of a speed's unit is named by it", () => {
    expect(read("iter 5 loss 2.5 Speed: 120.5 samples/sec 8556.4 tokens/sec")).toEqual([
      "loss: 5=2.5",
      "samples/sec: 5=120.5",
      "tokens/sec: 5=8556.4",
    ]);
  });

  test.each([
    "Saving the checkpoint of the lowest loss 2.31 so far to disk",
    "Transferred 0/44 items from last.pt",
    "Validation loss decreased (0.41 --> 0.39).  Saving model ...",
    "tokens per iteration will be: 16,384",
    "Accuracy of 3 classes is bad",
  ])("prose is a record: %s", (line) => {
    expect(read(line)).toEqual([]);
  });

  test("of a name twice in a line the first is meant", () => {
    expect(read("Epoch 1, batch 40, loss[loss=0.45, pruned_loss=1.5], tot_loss[loss=0.5, pruned_loss=1.25]")).toEqual([
      "loss: 40=0.45",
      "pruned_loss: 40=1.5",
      "epoch: 40=1",
    ]);
  });

  test("what was right is a share", () => {
    expect(read("Test set: Average loss: 0.05, Accuracy: 9831/10000 (98%)")).toEqual([
      "test/Average loss: 1=0.05",
      "test/Accuracy: 1=98",
    ]);
    expect(read("Accuracy of the network on the 10000 test images: 54 %")).toEqual(["test/Accuracy: 1=54"]);
  });
});

describe("the part of the data", () => {
  test("is what the line begins with", () => {
    expect(read("step 5 loss 2.5", "val Loss: 0.25 Acc: 0.75 lr: 0.1")).toEqual([
      "loss: 5=2.5",
      "val Loss: 5=0.25",
      "val/Acc: 5=0.75",
      "lr: 5=0.1",
    ]);
    expect(read("Training: loss = 1.5, acc = 0.5 | Val: loss = 1.75, acc = 0.25")).toEqual([
      "loss: 1=1.5",
      "acc: 1=0.5",
      "val/loss: 1=1.75",
      "val/acc: 1=0.25",
    ]);
  });

  test("is what a heading above it says, until a line says where it stands", () => {
    expect(read("step 5 loss=2.5", "***** Eval results *****", "  loss = 2.25", "step 10 loss=2.0")).toEqual([
      "loss: 5=2.5 10=2",
      "eval/loss: 5=2.25",
    ]);
  });

  test("of an evaluation the last row counts, and the line of stars behind it", () => {
    expect(
      read(
        "Epoch: [0][ 1/2]\tLoss 2.5 (2.5)",
        "Test: [ 1/20]\tLoss 9.5 (9.5)",
        "Test: [20/20]\tLoss 2.25 (3.5)",
        " * Acc@1 12.5",
      ),
    ).toEqual(["Loss: 1=2.5", "test/Loss: 1=2.25", "val/Acc@1: 1=12.5"]);
  });
});

describe("the place", () => {
  test("counts batches over epochs, from zero where the first is zero", () => {
    const line = (epoch: number, batch: number): string =>
      `Train: ${epoch} [ ${batch}/100 (${batch}%)]  Loss: 2.5 (2.6)`;
    expect(read(line(0, 50), line(1, 0))[0]).toBe("Loss: 50=2.5 100=2.5");
    expect(read("epoch 2 - iter 24/240 - loss 0.5")[0]).toBe("loss: 264=0.5");
  });

  test("an epoch of two digits is no epoch and a counter", () => {
    expect(read("epoch 10/150 validation: val_loss=0.5")[0]).toBe("val_loss: 10=0.5");
  });

  test("stands in a heading, unless the same names come again under it", () => {
    expect(read("Epoch 3/9", "----", "train loss: 0.5", "val loss: 0.75", "Epoch 4/9", "train loss: 0.25")).toEqual([
      "train loss: 3=0.5 4=0.25",
      "val loss: 3=0.75",
    ]);
    expect(read("Epoch 1", "loss: 2.5", "loss: 2.25", "loss: 2.0")).toEqual(["loss: 1=2.5 2=2.25 3=2"]);
  });

  test("means over an epoch stand beside the curve of its batches", () => {
    expect(read("epoch 1 - iter 5/10 - loss 0.5", "EPOCH 1 done: loss 0.75 - lr: 0.1")).toEqual([
      "loss: 5=0.5",
      "epoch: 5=1 10=1",
      "epoch/loss: 10=0.75",
      "epoch/lr: 10=0.1",
    ]);
  });

  test("is told by the words before a dictionary", () => {
    expect(read("train: step 100: {'loss': 2.5, 'lr': 0.5}", "valid: step 100: {'loss': 2.75}")).toEqual([
      "loss: 100=2.5",
      "lr: 100=0.5",
      "valid/loss: 100=2.75",
    ]);
    expect(read('[METRICS] {"step": 7, "train": {"loss": 2.5}}')).toEqual(["train/loss: 7=2.5"]);
    expect(read('Config: {"loss": 0.5, "lr": 0.1}')).toEqual([]);
  });
});

describe("tables", () => {
  test("in columns of blanks, with missing cells where the head says", () => {
    expect(
      read(
        "epoch       iteration   main/loss   validation/main/loss  elapsed_time",
        "0           100         2.5                               31.2",
        "0           200         2.25        2.75                  61.9",
      ),
    ).toEqual(["epoch: 100=0 200=0", "main/loss: 100=2.5 200=2.25", "validation/main/loss: 200=2.75"]);
  });

  test("between bars, a quality beside held-out losses being of those data", () => {
    expect(
      read(
        "┃ Epoch ┃ Train loss ┃ Val loss ┃ Acc ┃",
        "┡━━━━━╇━━━━━━╇━━━━━╇━━━━━┩",
        "│ 1     │ 2.5        │ 2.25     │ 0.5 │",
      ),
    ).toEqual(["Train loss: 1=2.5", "Val loss: 1=2.25", "valid/Acc: 1=0.5"]);
  });

  test("whose columns are the parts of the data", () => {
    expect(
      read("            Training |  Validation", "loss      |     1.5  |     0.5", "cpu_MB    |   757.5  |       N/A"),
    ).toEqual(["epoch/loss: 0=1.5", "validation/loss: 0=0.5"]);
  });

  test("of one name and one value a row", () => {
    const block = [
      "--------------------",
      "| train/   |        |",
      "|    loss  | 2.5    |",
      "| step     | 100    |",
      "| grad_norm| 1.5   |",
    ];
    expect(read(...block, "--------------------")).toEqual(["train/loss: 100=2.5", "grad_norm: 100=1.5"]);
    expect(read(...block)).toEqual([]);
  });
});

describe("what stands beside metrics", () => {
  test("times of a step and its parts are named by their unit, and an epoch with a fraction counts nothing", () => {
    expect(read("step 210/400 | epoch 8.40 | loss 2.5 | data 7ms | step 622ms | 102.9 seq/s")).toEqual([
      "epoch: 210=8.4",
      "loss: 210=2.5",
      "data_time_ms: 210=7",
      "step_time_ms: 210=622",
      "seq/s: 210=102.9",
    ]);
  });

  test("settings in one line are settings and no row of metrics", () => {
    const decoder = new ConsoleDecoder({ now: () => Number.NaN });
    const text = [
      "Namespace(lr=0.005, name='a, b', betas=[0.9, 0.95], warmup=20, resume=None, amp=True, api_key='s3')",
      "INFO config: {'batch_size': 64, 'model': {'dim': 32}, 'layers': [1, 2], 'loss': 'ce'}",
      "step 10 loss 2.5",
    ].join("\n");
    const { series, config } = mergeDecoded([decoder.pushText(`${text}\n`), decoder.end()]);
    expect(series.map(({ name, step }) => `${name}@${step[0]}`)).toEqual(["loss@10"]);
    expect({ ...config }).toEqual({
      lr: 0.005,
      name: "a, b",
      betas: "[0.9, 0.95]",
      warmup: 20,
      resume: null,
      amp: true,
      api_key: "***",
      batch_size: 64,
      "model.dim": 32,
      loss: "ce",
    });
  });

  test("a bar under any name is training's where a loss stands behind it", () => {
    expect(
      read(
        "distill:   5%|▌         | 20/400 [00:07<02:23,  2.64it/s, ce=2.93, loss=3.27]",
        "download:  5%|▌         | 20/400 [00:07<02:23,  2.64it/s, size=12]",
        "evaluating: 5%|▌        | 21/400 [00:07<02:23,  2.64it/s, loss=9.9]",
      ),
    ).toEqual(["ce: 20=2.93", "loss: 20=3.27", "it/s: 20=2.64"]);
  });
});
