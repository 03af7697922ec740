import { numberOf } from "../number-text.ts";
import type { LineParser, Metric, Reading } from "./line-parser.ts";

// Blocks of one name and one value a row, between rules: Baselines' and Stable-Baselines' HumanOutputFormat, and the
// loggers of improved-diffusion and Spinning Up that come from it:
// `| train/             |          |` / `|    learning_rate   | 0.0003   |`, `| step      | 100      |`.
const rule = /^[-+=]{8,400}$/;
const row = /^\|( {1,12})([\w/.@ ()-]{1,80}?) *\| *(\S{0,40}) *\|$/;
/** What says where a block stands, best first. */
const places = [
  "step",
  "global_step",
  "time/total_timesteps",
  "total_timesteps",
  "totalenvinteracts",
  "time/iterations",
];
const mostRows = 400;

/** A block is read when its last rule is drawn. */
export const listing: LineParser = {
  id: "listing",
  first: "|-+=",
  open: () => {
    let metrics: Metric[] = [];
    let group = "";
    let isOpen = false;
    return ({ body }): Reading | undefined => {
      const text = body.trimEnd();
      if (rule.test(text)) {
        const read = isOpen ? metrics : [];
        isOpen = true;
        metrics = [];
        group = "";
        return read.length < 2 ? undefined : reading(read);
      }
      const found = isOpen && text.startsWith("|") ? row.exec(text) : null;
      if (found === null || metrics.length >= mostRows) {
        isOpen = false;
        return undefined;
      }
      const [, indent = "", name = "", shown = ""] = found;
      if (shown === "") {
        group = name.endsWith("/") ? name : "";
        return {};
      }
      const value = numberOf(shown);
      if (value !== undefined) metrics.push([(indent.length > 1 ? group : "") + name.trim(), value]);
      return {};
    };
  },
};

function reading(metrics: readonly Metric[]): Reading {
  const at = places.map((key) => metrics.find(([name]) => name.toLowerCase() === key)).find((one) => one !== undefined);
  const rest = metrics.filter((metric) => metric !== at);
  return at === undefined || !Number.isInteger(at[1]) ? { metrics: rest } : { metrics: rest, step: at[1] };
}
