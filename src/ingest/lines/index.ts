import { columnTable } from "./column-table.ts";
import { darknet } from "./darknet.ts";
import { deepspeed } from "./deepspeed.ts";
import { espnet } from "./espnet.ts";
import { fairseq } from "./fairseq.ts";
import { hfBlock } from "./hf-block.ts";
import { hfDict } from "./hf-dict.ts";
import { jsonLine } from "./json-line.ts";
import { kerasBar } from "./keras-bar.ts";
import { keyValue } from "./key-value.ts";
import { lightningBar } from "./lightning-bar.ts";
import type { LineParser } from "./line-parser.ts";
import { listing } from "./listing.ts";
import { megatron } from "./megatron.ts";
import { mmengine } from "./mmengine.ts";
import { nanochat } from "./nanochat.ts";
import { nanogpt } from "./nanogpt.ts";
import { objectBehind } from "./object-behind.ts";
import { pytorchExamples } from "./pytorch-examples.ts";
import { settingsBlock } from "./settings-block.ts";
import { settings } from "./settings.ts";
import { torchtitan } from "./torchtitan.ts";
import { tqdmBar } from "./tqdm-bar.ts";
import { verl } from "./verl.ts";
import { yolo } from "./yolo.ts";

/** Every kind of line, specific first: the first that takes a line has it. */
export const lineParsers: readonly LineParser[] = [
  settingsBlock,
  hfDict,
  hfBlock,
  settings,
  torchtitan,
  megatron,
  deepspeed,
  verl,
  nanogpt,
  nanochat,
  fairseq,
  espnet,
  mmengine,
  pytorchExamples,
  kerasBar,
  darknet,
  yolo,
  lightningBar,
  tqdmBar,
  jsonLine,
  objectBehind,
  listing,
  columnTable,
  keyValue,
];
