import { defineSettingsCheck } from "../check.ts";

const source =
  "https://huggingface.co/docs/transformers/main_classes/trainer#transformers.TrainingArguments.load_best_model_at_end";

export const bestModelUnknown = defineSettingsCheck({
  id: "best-model-unknown",
  title: "The best model cannot be found",
  why: "load_best_model_at_end needs evaluations, and a checkpoint at each that may be the best.",
  source,
  check(settings) {
    const keepsBest = settings.flag("keep_best");
    if (keepsBest === undefined) return { missing: ["load_best_model_at_end"] };
    if (!keepsBest || settings.origin === "run") return [];
    const evaluates = settings.word("eval_strategy");
    const saves = settings.word("save_strategy");
    const finding = (
      message: string,
      where: ReturnType<typeof settings.where>,
      changes: ReturnType<typeof settings.change>[],
    ) => [
      {
        severity: "error" as const,
        message,
        where,
        advice: [
          settings.advice({
            id: "evaluate-and-save",
            summary: "Evaluate and save at the same steps.",
            changes,
            expect: "The run starts, and ends with the checkpoint of its best evaluation.",
            source,
          }),
        ],
      },
    ];
    if (settings.isUnknown("eval_strategy")) return { missing: ["eval_strategy as a literal"] };
    if (settings.dialect === "axolotl") {
      const has =
        (settings.number("val_size") ?? 0) > 0 ||
        settings.value("eval_data") !== undefined ||
        settings.raw("test_datasets") !== undefined;
      if (has || [...settings.keys].some((key) => key.startsWith("test_datasets"))) return [];
      return finding(
        "load_best_model_at_end is true, but val_set_size is 0 and there are no test_datasets.",
        settings.where("keep_best"),
        [settings.change("val_size", 0.02)],
      );
    }
    if (evaluates === undefined || evaluates === "no" || evaluates === "false" || evaluates === "False")
      return finding(
        `load_best_model_at_end is true, but nothing is evaluated (${settings.keyOf("eval_strategy")} is ${evaluates ?? "not set, so no"}).`,
        settings.where("keep_best"),
        [settings.change("eval_strategy", saves === "epoch" ? "epoch" : "steps")],
      );
    if (
      settings.dialect === "llama-factory" &&
      (settings.number("val_size") ?? 0) === 0 &&
      settings.value("eval_data") === undefined
    )
      return finding(
        "load_best_model_at_end is true, but val_size is 0 and there is no eval_dataset.",
        settings.where("keep_best"),
        [settings.change("val_size", 0.05)],
      );
    if (settings.isUnknown("save_strategy") || saves === "best") return [];
    // Saving every 500 steps is the default.
    const saving = saves ?? "steps";
    if (saving !== evaluates)
      return finding(
        `load_best_model_at_end is true, but evaluations are by ${evaluates} and checkpoints by ${saving}${saves === undefined ? " (the default)" : ""}.`,
        settings.where(saves === undefined ? "eval_strategy" : "save_strategy"),
        [settings.change("save_strategy", evaluates)],
      );
    const evalSteps =
      settings.number("eval_steps") ?? settings.number("logging_steps") ?? (settings.dialect === "trl" ? 10 : 500);
    const saveSteps = settings.number("save_steps") ?? 500;
    if (
      evaluates !== "steps" ||
      evalSteps < 1 ||
      saveSteps < 1 ||
      saveSteps % evalSteps === 0 ||
      settings.isUnknown("eval_steps") ||
      settings.isUnknown("save_steps")
    )
      return [];
    return finding(
      `load_best_model_at_end is true, but checkpoints come every ${saveSteps} steps and evaluations every ${evalSteps}: save_steps must be a multiple of eval_steps.`,
      settings.where("save_steps"),
      [settings.change("save_steps", Math.max(1, Math.round(saveSteps / evalSteps)) * evalSteps)],
    );
  },
});
