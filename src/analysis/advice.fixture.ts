import type { Advice, Change } from "../model/finding.ts";

/** Advice that is nothing but its changes. */
export const adviceOf = (dialect: string | null, ...changes: Change[]): Advice => ({
  id: "advice",
  summary: "",
  changes,
  dialect,
  expect: "",
  source: "",
});
