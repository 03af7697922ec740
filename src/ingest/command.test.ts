import { expect, test } from "vitest";
import { configFromCommand } from "./command.ts";

const config = (line: string): Record<string, unknown> => ({ ...configFromCommand(line.split(" ")) });

test("options, assignments and flags", () => {
  expect(
    config("python train.py --learning_rate 1e-3 --lr=0.5 optimizer.lr=1e-4 --bf16 --no-shuffle --name run"),
  ).toEqual({
    learning_rate: 1e-3,
    lr: 0.5,
    "optimizer.lr": 1e-4,
    bf16: true,
    shuffle: false,
    name: "run",
  });
});

test("negative numbers are values; a list stays together; nothing is a value of true and null", () => {
  expect(config("train.py --bias -0.5 --betas 0.9 0.95 --resume None --tf32 True")).toEqual({
    bias: -0.5,
    betas: "0.9 0.95",
    resume: null,
    tf32: true,
  });
});

test("the launcher's own options are not the training's", () => {
  expect(config("torchrun --nproc_per_node 8 train.py --lr 1")).toEqual({ lr: 1 });
  expect(config("axolotl --lr 1")).toEqual({ lr: 1 });
});

test("secrets are masked, tokens of a text are not", () => {
  expect(
    config(
      "train.py --hf_token hf_x --hub-token y --wandb.api_key=z --password p --client_secret s --max_new_tokens 5 --pad_token <p> --tokenizer t",
    ),
  ).toEqual({
    hf_token: "***",
    hub_token: "***",
    "wandb.api_key": "***",
    password: "***",
    client_secret: "***",
    max_new_tokens: 5,
    pad_token: "<p>",
    tokenizer: "t",
  });
});

test("NaN and infinities are spelled for the wire; a key never reaches a prototype", () => {
  expect(config("train.py --clip inf __proto__=1")["clip"]).toBe("Infinity");
  expect(({} as Record<string, unknown>)["1"]).toBeUndefined();
});
