import { at } from "../../base/statistics.ts";
import { defineFact, type Get, type RunView } from "../fact.ts";
import { epochs } from "./epochs.ts";
import { layerOrder } from "./layer-order.ts";
import { supervisedLoss } from "./supervised-loss.ts";

/** What says that some parameters are meant to stay as they are; null when nothing does. Always present. */
export interface IntendedFreezing {
  readonly reason: string | null;
  /** The configuration has an option for it, and it is off. */
  readonly isDenied: boolean;
  /**
   * Step from which on the configuration says that all is trained, and the one from which on this holds however its
   * author counts epochs; null when it says nothing of the kind, or the step is not known yet.
   */
  readonly until: { readonly step: number; readonly surely: number; readonly key: string } | null;
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
  "train_last_layer_only",
  "train_last_layers_only",
  "train_last_block_only",
  "last_layer_only",
  "train_head_only",
  "head_only",
  "only_head",
  "train_classifier_only",
  "train_top_only",
  "num_layers_unfrozen",
  "num_trainable_layers",
  "trainable_layers",
  "unfrozen_layers",
  "bitfit",
  "feature_extraction",
];
/** Parts that are frozen for a while at first. */
const atEpoch = ["unfreeze_at_epoch", "unfreeze_epoch", "unfreeze_backbone_at_epoch"];
const forEpochs = [
  "unfreeze_after_epoch",
  "unfreeze_after_epochs",
  "freeze_epochs",
  "frozen_epochs",
  "freeze_until_epoch",
  "freeze_backbone_epochs",
  "freeze_encoder_epochs",
];
const untilStep = [
  "unfreeze_at_step",
  "unfreeze_step",
  "unfreeze_after_steps",
  "freeze_steps",
  "frozen_steps",
  "freeze_until_step",
  "freeze_finetune_updates",
];
const saysNo = /^(|0|false|none|null|no|full)$/i;

export const intendedFreezing = defineFact<IntendedFreezing>({
  id: "configuration",
  derive(run, get) {
    let isDenied = false;
    for (const key of freezingKeys) {
      const value = run.config(key);
      if (value === undefined) continue;
      if (!saysNo.test(String(value))) return { reason: `the configuration has ${key}`, isDenied: false, until: null };
      if (/freeze|frozen/.test(key)) isDenied = true;
    }
    const adapter = [...(get(layerOrder)?.keys() ?? [])].find((layer) =>
      /(^|[._])(lora|adapter|ia3|prompt)(_|\.|$)/i.test(layer),
    );
    return {
      reason: adapter === undefined ? null : `there are adapters, such as ${adapter}`,
      isDenied,
      until: untilOf(run, get),
    };
  },
});

function untilOf(run: RunView, get: Get): IntendedFreezing["until"] {
  for (const key of untilStep) {
    const step = Number(run.config(key) ?? Number.NaN);
    if (step > 0) return { step, surely: step, key };
  }
  const passes = get(epochs)?.starts;
  const rows = get(supervisedLoss);
  for (const key of [...atEpoch, ...forEpochs]) {
    const epoch = Number(run.config(key) ?? Number.NaN);
    const late = passes?.[epoch];
    if (!(epoch > 0) || late === undefined || rows === undefined) continue;
    // The third epoch is number 3, or number 2; "for 3 epochs" is over with the third.
    const early = atEpoch.includes(key) ? (passes?.[epoch - 1] ?? late) : late;
    return { step: at(rows.step, early), surely: at(rows.step, late), key };
  }
  return null;
}
