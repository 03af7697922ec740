/**
 * Public translations of newstest2017 against the scores that sacreBLEU 2.6.0 gave for them. The file is too big for the
 * repository: `test/wmt17_en_de_systems.pkl.bz2` of github.com/mjpost/sacrebleu. Get it as JSON and name it:
 *
 *   python -c "import bz2, json, pickle, sys; json.dump(pickle.load(bz2.BZ2File(sys.argv[1])), sys.stdout)" \
 *     wmt17_en_de_systems.pkl.bz2 > wmt17.json
 *   LLMDBG_WMT17=wmt17.json npx vitest run test/metrics/wmt17.test.ts
 *
 * The scores below are of `sacrebleu.metrics.BLEU().corpus_score`, `BLEU(tokenize="none")`, `CHRF()` and `TER()`.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import type { MetricOptions } from "../../src/analysis/metric.ts";
import { defaultMetricOptions } from "../../src/analysis/metric.ts";
import { bleu } from "../../src/analysis/metrics/bleu.ts";
import { chrf } from "../../src/analysis/metrics/chrf.ts";
import { ter } from "../../src/analysis/metrics/ter.ts";
import { exampleOf } from "./examples.ts";

const path = process.env["LLMDBG_WMT17"] ?? "";
if (path === "") process.stderr.write("skipped: newstest2017, LLMDBG_WMT17 names no file\n");

const Systems = z.array(z.tuple([z.string(), z.union([z.array(z.string()), z.tuple([z.array(z.string())])])]));

const expected = [
  {
    system: "newstest2017.LIUM-NMT.4900.en-de",
    scores: {
      bleu: 26.59580468309487,
      none: 21.60976793975032,
      chrf: 55.92837490341378,
      ter: 63.25213408286488,
    },
  },
  {
    system: "newstest2017.online-A.0.en-de",
    scores: {
      bleu: 20.796506153855994,
      none: 16.015340455745246,
      chrf: 52.002272704529815,
      ter: 68.96825847481688,
    },
  },
  {
    system: "newstest2017.online-B.0.en-de",
    scores: {
      bleu: 26.651046216335573,
      none: 21.591138671903344,
      chrf: 56.26334773903824,
      ter: 63.19345863380842,
    },
  },
];

test.skipIf(path === "").each(expected)("$system as sacreBLEU", ({ system, scores }) => {
  const systems = new Map(Systems.parse(JSON.parse(readFileSync(path, "utf8"))));
  const lines = (name: string): string[] => (systems.get(name) ?? []).flat();
  const references = lines("reference");
  const examples = lines(system).map((prediction, i) =>
    exampleOf(String(i), { prediction, references: [references[i] ?? ""] }),
  );
  expect(examples.length).toBe(3004);
  const score = (metric: typeof bleu, options: Partial<MetricOptions> = {}): number => {
    const measures = metric.measure(examples, "translation", { ...defaultMetricOptions, ...options });
    return "missing" in measures ? Number.NaN : (measures[0]?.value(null) ?? Number.NaN);
  };
  expect(score(bleu)).toBeCloseTo(scores.bleu, 9);
  expect(score(bleu, { tokenize: "none" })).toBeCloseTo(scores.none, 9);
  expect(score(chrf)).toBeCloseTo(scores.chrf, 9);
  expect(score(ter)).toBeCloseTo(scores.ter, 9);
});
