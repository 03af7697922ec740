import { Presets, SingleBar } from "cli-progress";
import type { Style } from "./style.ts";

/** Shorter work shows no bar: it would only flicker. */
const showAfterMs = 400;

export interface Progress {
  at(done: number, total: number): void;
  stop(): void;
}

/** A bar on stderr for work in bytes, on a terminal only. */
export function progress(label: string, style: Style): Progress {
  if (!style.interactive) return { at: () => {}, stop: () => {} };
  const startedAt = Date.now();
  let bar: SingleBar | undefined;
  return {
    at(done, total) {
      if (bar === undefined && Date.now() - startedAt < showAfterMs) return;
      if (bar === undefined) {
        bar = new SingleBar(
          {
            format: `${label} [{bar}] {percentage}% | {rate} MB/s | {eta_formatted} left`,
            stream: process.stderr,
            hideCursor: true,
            clearOnComplete: true,
          },
          style.unicode ? Presets.shades_classic : Presets.legacy,
        );
        bar.start(total, done, { rate: "" });
      }
      bar.setTotal(total);
      bar.update(done, { rate: (done / 1e6 / Math.max(0.001, (Date.now() - startedAt) / 1000)).toFixed(0) });
    },
    stop() {
      bar?.stop();
    },
  };
}
