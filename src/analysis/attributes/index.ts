import type { Attribute } from "../attribute.ts";
import { casing } from "./casing.ts";
import { code } from "./code.ts";
import { confidence } from "./confidence.ts";
import { contrast } from "./contrast.ts";
import { cutShort } from "./cut-short.ts";
import { dates } from "./dates.ts";
import { emptyOutput } from "./empty-output.ts";
import { inputLength } from "./input-length.ts";
import { invalidJson } from "./invalid-json.ts";
import { label } from "./label.ts";
import { looping } from "./looping.ts";
import { names } from "./names.ts";
import { negation } from "./negation.ts";
import { numerals } from "./numerals.ts";
import { outputLength } from "./output-length.ts";
import { outputScript } from "./output-script.ts";
import { punctuation } from "./punctuation.ts";
import { question } from "./question.ts";
import { rareWords } from "./rare-words.ts";
import { refusal } from "./refusal.ts";
import { repetition } from "./repetition.ts";
import { script } from "./script.ts";
import { sourceCopy } from "./source-copy.ts";

/** A test compares this list with the folder. */
export const attributes: readonly Attribute[] = [
  label,
  inputLength,
  rareWords,
  negation,
  contrast,
  numerals,
  dates,
  names,
  punctuation,
  casing,
  script,
  code,
  question,
  repetition,
  emptyOutput,
  cutShort,
  outputLength,
  outputScript,
  looping,
  refusal,
  sourceCopy,
  invalidJson,
  confidence,
];
