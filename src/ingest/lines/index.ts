import { hfBlock } from "./hf-block.ts";
import { hfDict } from "./hf-dict.ts";
import { jsonLine } from "./json-line.ts";
import { keyValue } from "./key-value.ts";
import type { LineParser } from "./line-parser.ts";
import { tqdmBar } from "./tqdm-bar.ts";

/** Every kind of line, specific first: the first that takes a line has it. */
export const lineParsers: readonly LineParser[] = [tqdmBar, hfDict, hfBlock, jsonLine, keyValue];
