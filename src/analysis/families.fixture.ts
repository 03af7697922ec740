/** The generated runs by name, as the tests of the rules take them; a name that is none gives a run of no rows. */
import { faultFamilies } from "./faulty.fixture.ts";
import { healthyFamilies } from "./healthy.fixture.ts";
import { reportOn } from "./outcome.fixture.ts";
import type { Story } from "./synthetic.fixture.ts";

export const fault = (name: string, seed = 1): Story => faultFamilies.get(name)?.(seed).story ?? { rows: [] };

/** Where its fault begins. */
export const onsetOf = (name: string, seed = 1): number => faultFamilies.get(name)?.(seed).onset ?? Number.NaN;

export const healthy = (name: string, seed = 1): Story => healthyFamilies.get(name)?.(seed) ?? { rows: [] };

export const rulesOn = (one: Story): string[] => reportOn(one).findings.map((finding) => finding.rule);
