import type { Setting } from "./patch.ts";
import { pythonText } from "./scalar-text.ts";

/** A call whose arguments are settings; `argument` names the one that a dotted key stands for. */
interface Call {
  readonly head: string;
  readonly tail?: string;
  /** The user's call has other arguments, which stay. */
  readonly others?: boolean;
  readonly takes: (key: string) => boolean;
  readonly argument?: (setting: Setting) => string;
}

function textOf(
  { head, tail = ")", others = false, argument = asArgument }: Call,
  settings: readonly Setting[],
): string {
  if (!others && settings.length === 1) return `${head}${settings.map(argument).join("")}${tail}`;
  const lines = settings.map(
    (setting) => `    ${argument(setting)},${setting.from === null ? "" : `  # was ${pythonText(setting.from)}`}`,
  );
  return [head.trimEnd(), ...(others ? ["    # the others as before"] : []), ...lines, tail].join("\n");
}

const among =
  (...keys: readonly string[]) =>
  (key: string): boolean =>
    keys.includes(key);
const below =
  (prefix: string) =>
  (key: string): boolean =>
    key.startsWith(`${prefix}.`);

const patience: Call = {
  head: "trainer.add_callback(EarlyStoppingCallback(",
  tail: "))",
  takes: among("early_stopping_patience"),
};

const adapter: Call = {
  head: "peft_config = LoraConfig(",
  others: true,
  takes: (key) => key.startsWith("lora_"),
  argument: ({ key, to }) =>
    `${key.replace(/^lora_(r|target_modules)$/, "$1").replace(/^lora_rank$/, "r")}=${pythonText(to)}`,
};

/** In the order in which they are tried: the last one takes what is left. */
const constructors: Readonly<Record<"hf" | "trl" | "lightning" | "keras", readonly Call[]>> = {
  hf: [patience, adapter, { head: "args = TrainingArguments(", others: true, takes: () => true }],
  trl: [
    patience,
    adapter,
    { head: "args = SFTConfig(  # or DPOConfig, GRPOConfig ...", others: true, takes: () => true },
  ],
  lightning: [
    {
      head: "optimizer = torch.optim.AdamW(self.parameters(), ",
      takes: among("lr", "learning_rate", "weight_decay"),
    },
    { head: "loader = DataLoader(dataset, ", takes: among("batch_size", "num_workers") },
    { head: 'EarlyStopping(monitor="val_loss", ', takes: below("EarlyStopping") },
    {
      head: "ModelCheckpoint(",
      tail: ", save_top_k=1)",
      takes: below("ModelCheckpoint"),
      argument: ({ to }) => `monitor=${typeof to === "string" ? pythonText(to) : '"val_loss"'}`,
    },
    { head: "trainer.fit(model, ", takes: among("ckpt_path", "resume_from_checkpoint") },
    { head: "trainer = Trainer(", others: true, takes: () => true },
  ],
  keras: [
    { head: "optimizer = keras.optimizers.AdamW(", takes: below("optimizer") },
    { head: 'keras.callbacks.EarlyStopping(monitor="val_loss", ', takes: below("EarlyStopping") },
    {
      head: "keras.config.set_dtype_policy(",
      takes: among("keras.config.set_dtype_policy"),
      argument: ({ to }) => pythonText(to),
    },
    { head: "model.fit(x, y, ", takes: () => true },
  ],
};

export function calls(dialect: keyof typeof constructors): (settings: readonly Setting[]) => string {
  return (settings) => {
    const left = new Set(settings);
    return constructors[dialect]
      .flatMap((call) => {
        const mine = [...left].filter(({ key }) => call.takes(key));
        for (const setting of mine) left.delete(setting);
        return mine.length === 0 ? [] : [textOf(call, mine)];
      })
      .join("\n");
  };
}

const asArgument = ({ key, to }: Setting): string => `${key.slice(key.lastIndexOf(".") + 1)}=${pythonText(to)}`;

/** A script of the user's own: `learning_rate = 0.03  # was 0.3`. */
export const assignments = (settings: readonly Setting[]): string =>
  settings
    .map(({ key, from, to }) => `${key} = ${pythonText(to)}${from === null ? "" : `  # was ${pythonText(from)}`}`)
    .join("\n");
