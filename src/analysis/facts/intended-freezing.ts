import { defineFact } from "../fact.ts";
import { layerOrder } from "./layer-order.ts";

/** What says that some parameters are meant to stay as they are; null when nothing does. Always present. */
export interface IntendedFreezing {
  readonly reason: string | null;
  /** The configuration has an option for it, and it is off. */
  readonly isDenied: boolean;
}

/** Options with which trainers freeze a part of a model: PEFT, Axolotl, LLaMA-Factory, ms-swift, Unsloth, torchtune, Keras. */
const freezingKeys = [
  "peft_type",
  "use_peft",
  "peft",
  "lora",
  "use_lora",
  "lora_r",
  "lora_rank",
  "lora_alpha",
  "lora_target_modules",
  "target_modules",
  "adapter",
  "adapters",
  "qlora",
  "load_in_4bit",
  "load_in_8bit",
  "finetuning_type",
  "train_type",
  "tuner_type",
  "freeze",
  "frozen",
  "freeze_layers",
  "freeze_backbone",
  "freeze_encoder",
  "freeze_vision_tower",
  "freeze_vit",
  "freeze_trainable_layers",
  "freeze_embeddings",
  "freeze_embedding",
  "freeze_items",
  "freeze_users",
  "freeze_decoder",
  "freeze_base",
  "freeze_base_model",
  "freeze_body",
  "freeze_trunk",
  "freeze_stem",
  "freeze_bn",
  "freeze_feature_extractor",
  "freeze_pretrained",
  "frozen_modules",
  "frozen_layers",
  "trainable_modules",
  "unfrozen_parameters",
  "linear_probe",
  "feature_extraction",
];
const saysNo = /^(|0|false|none|null|no|full)$/i;

export const intendedFreezing = defineFact<IntendedFreezing>({
  id: "configuration",
  derive(run, get) {
    let isDenied = false;
    for (const key of freezingKeys) {
      const value = run.config(key);
      if (value === undefined) continue;
      if (!saysNo.test(String(value))) return { reason: `the configuration has ${key}`, isDenied: false };
      if (/freeze|frozen/.test(key)) isDenied = true;
    }
    const adapter = [...(get(layerOrder)?.keys() ?? [])].find((layer) =>
      /(^|[._])(lora|adapter|ia3|prompt)(_|\.|$)/i.test(layer),
    );
    return { reason: adapter === undefined ? null : `there are adapters, such as ${adapter}`, isDenied };
  },
});
