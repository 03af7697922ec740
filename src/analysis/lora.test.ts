import { expect, test } from "vitest";
import type { FlatConfig } from "../model/config.ts";
import { createDiagnosis } from "./diagnose.ts";
import { options } from "./facts/options.ts";
import { loraRank, widenLora } from "./lora.ts";
import { optional } from "./fact.ts";
import { defineRule } from "./rule.ts";
import { runOf } from "./synthetic.fixture.ts";
import type { Advice } from "../model/finding.ts";

function adviceFor(config: FlatConfig, dialect: string | null = "trl"): Advice[] {
  let given: Advice[] = [];
  const probe = defineRule({
    id: "probe",
    title: "",
    why: "",
    needs: { lora: optional(loraRank), settings: options },
    check({ lora, settings }) {
      given = widenLora(lora, settings);
      return [];
    },
  });
  createDiagnosis(runOf({ rows: [], config, info: { dialect } }), [probe], [])();
  return given;
}

test("a narrow adapter is widened under the trainer's own name", () => {
  expect(adviceFor({ lora_r: 8 })[0]?.changes).toEqual([{ key: "lora_r", from: 8, to: 32 }]);
  expect(adviceFor({ lora_rank: "16" }, "llama-factory")[0]?.changes).toEqual([{ key: "lora_rank", from: 16, to: 64 }]);
  expect(adviceFor({ "model.lora_rank": 32 }, "torchtune")[0]?.changes).toEqual([
    { key: "model.lora_rank", from: 32, to: 64 },
  ]);
});

test("nothing for a wide one, and nothing without LoRA", () => {
  expect(adviceFor({ lora_r: 64 })).toEqual([]);
  expect(adviceFor({ learning_rate: 1e-4 })).toEqual([]);
  expect(adviceFor({ lora_r: 0 })).toEqual([]);
});
