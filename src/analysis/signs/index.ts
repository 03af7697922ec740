import type { Sign } from "../rule.ts";

export const signs: readonly Sign[] = [];
