import type { LineParser, Reading } from "./line-parser.ts";
import { metricsOf } from "./pairs.ts";

// verl-project/verl utils/logger/aggregate_logger.py, concat_dict_to_str: `step:1 - actor/lr:0.000 - ...`.
const line = /^step: ?(\d+) - (.+)$/;
const item = /^([A-Za-z][\w/.@ -]*?): ?(?:np\.\w+\()?([-+\d.e]+|-?nan|-?inf)\)?$/i;

export const verl: LineParser = {
  id: "verl",
  first: "s",
  open:
    () =>
    ({ body }): Reading | undefined => {
      const match = line.exec(body);
      if (match === null) return undefined;
      const metrics = metricsOf((match[2] ?? "").split(" - "), item);
      if (metrics.length === 0) return undefined;
      const isEvaluation = metrics.every(([name]) => name.startsWith("val"));
      const isVerl = metrics.some(([name]) =>
        /^(actor|critic|timing_s|response_length|val-core|val-aux|training)\//.test(name),
      );
      return { step: Number(match[1]), metrics, isEvaluation, ...(isVerl ? { dialect: "verl" } : {}) };
    },
};
