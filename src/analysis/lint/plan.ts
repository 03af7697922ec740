import type { LintContext, Seen } from "./check.ts";

/** How long the run will be, as far as configuration and data say. */
export interface Plan {
  readonly steps: number;
  /** In words, how that was worked out. */
  readonly why: string;
}

export function planOf({ settings, worldSize, files }: LintContext, seen: Seen): Plan | undefined {
  if (settings === null) return undefined;
  const { maxSteps } = settings;
  if (maxSteps !== undefined)
    return { steps: maxSteps, why: `${settings.keyOf("max_steps") ?? "max_steps"} is ${maxSteps}` };
  // Packing puts several rows into one; how many is known only after tokenising.
  const isPacked = settings.flag("packing") === true || settings.flag("neat_packing") === true;
  const perDevice = settings.rowsPerDeviceStep;
  const epochs = settings.number("epochs");
  if (isPacked || perDevice === undefined || epochs === undefined || seen.train === 0 || files.length === 0)
    return undefined;
  const world = worldSize ?? 1;
  const steps = Math.max(1, Math.ceil(seen.train / (perDevice * world))) * epochs;
  const devices = worldSize === null ? "on one device" : `on ${world} device${world === 1 ? "" : "s"}`;
  return {
    steps: Math.ceil(steps),
    why: `${seen.train.toLocaleString("en-US")} rows, ${epochs} epoch${epochs === 1 ? "" : "s"}, ${perDevice * world} rows a step ${devices}`,
  };
}
