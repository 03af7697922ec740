import { axolotl } from "./axolotl.ts";
import { deepspeed } from "./deepspeed.ts";
import type { Dialect } from "./dialect.ts";
import { hf } from "./hf.ts";
import { keras } from "./keras.ts";
import { lightning } from "./lightning.ts";
import { llamaFactory } from "./llama-factory.ts";
import { megatron } from "./megatron.ts";
import { msSwift } from "./ms-swift.ts";
import { nanogpt } from "./nanogpt.ts";
import { plain } from "./plain.ts";
import { torchtitan } from "./torchtitan.ts";
import { torchtune } from "./torchtune.ts";
import { trl } from "./trl.ts";
import { verl } from "./verl.ts";

export const dialects: readonly Dialect[] = [
  hf,
  trl,
  axolotl,
  llamaFactory,
  msSwift,
  lightning,
  keras,
  torchtitan,
  megatron,
  deepspeed,
  nanogpt,
  torchtune,
  verl,
  plain,
];
