import type { Example } from "../../model/example.ts";
import { defineMetric } from "../metric.ts";
import { measureOfSums } from "../measures/sums.ts";

/** Of an example: 1, sum of log-probabilities, tokens or bytes. */
const width = 3;

export const perplexity = defineMetric({
  id: "perplexity",
  title: "Perplexity and bits per byte",
  names: ["perplexity", "bits_per_byte"],
  tasks: ["language-modeling", "generation", "translation"],
  range: [0, Number.POSITIVE_INFINITY],
  source: "lm-evaluation-harness metrics.py",
  measure(examples) {
    const tokens = new Float64Array(examples.length * width);
    const bytes = new Float64Array(examples.length * width);
    const perToken = new Float64Array(examples.length).fill(Number.NaN);
    const perByte = new Float64Array(examples.length).fill(Number.NaN);
    let scored = 0;
    let withText = 0;
    examples.forEach((example, index) => {
      const { logProbs } = example;
      if (logProbs === null || logProbs.length === 0) return;
      const sum = logProbs.reduce((total, own) => total + own, 0);
      scored += 1;
      tokens.set([1, sum, logProbs.length], index * width);
      perToken[index] = -sum / logProbs.length;
      const size = utf8Bytes(scoredText(example));
      if (size === 0) return;
      withText += 1;
      bytes.set([1, sum, size], index * width);
      perByte[index] = -sum / Math.LN2 / size;
    });
    if (scored === 0) return { missing: ["log-probabilities of the tokens"] };
    const overTokens = measureOfSums(
      {
        name: "perplexity",
        signature: "perplexity|per:token|log:natural",
        better: "lower",
        n: scored,
        errors: perToken,
      },
      width,
      tokens,
      (sum) => (sum[0] === 0 ? Number.NaN : Math.exp(-(sum[1] ?? 0) / (sum[2] ?? 0))),
    );
    const overBytes = measureOfSums(
      { name: "bits_per_byte", signature: "bits_per_byte|utf-8", better: "lower", n: withText, errors: perByte },
      width,
      bytes,
      (sum) => (sum[0] === 0 ? Number.NaN : -(sum[1] ?? 0) / Math.LN2 / (sum[2] ?? 0)),
    );
    return withText === 0 ? [overTokens] : [overTokens, overBytes];
  },
});

/** The text that the log-probabilities belong to: what was predicted, or else what was given to be scored. */
const scoredText = ({ prediction, references, input }: Example): string =>
  (typeof prediction === "string" ? prediction : null) ?? references[0] ?? input ?? "";

function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}
