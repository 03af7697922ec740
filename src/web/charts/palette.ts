/**
 * Eight hues for curves. Found by search: for each pair the distance in OKLab is at least 0.11 for
 * normal vision and for protanopia, deuteranopia and tritanopia (Machado 2009), and each has a contrast of
 * at least 3:1 with its background; palette.test.ts checks both. Red is left to errors.
 */
export const hues = {
  light: ["#1a92f8", "#954d05", "#1b8278", "#da4fbd", "#6f2da2", "#9b9144", "#004158", "#64230d"],
  dark: ["#458cfb", "#ef9716", "#5ed8a9", "#de4db4", "#ccabfe", "#f4e151", "#c0e4fc", "#9c785d"],
} as const;

export type Scheme = keyof typeof hues;

/** After eight hues the same hues come again with these dashes. */
const dashes: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [8, 3, 2, 3]];

/** Position in hues, then dashes. */
export type Slot = number;

export interface Ink {
  readonly colour: string;
  readonly dash: readonly number[];
}

export function inkOf(slot: Slot, scheme: Scheme): Ink {
  const palette = hues[scheme];
  return {
    colour: palette[slot % palette.length] ?? palette[0],
    dash: dashes[Math.floor(slot / palette.length) % dashes.length] ?? [],
  };
}

/** The slot a run has on every page: from its id alone. */
export function homeSlot(runId: string): Slot {
  let hash = 2166136261;
  for (const char of runId) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16777619);
  return (hash >>> 0) % hues.light.length;
}

/** Slots for runs shown together: each its own, or the next free one when two would look alike. */
export function runSlots(runIds: readonly string[]): Map<string, Slot> {
  const slots = new Map<string, Slot>();
  const taken = new Set<Slot>();
  for (const id of runIds) {
    let slot = homeSlot(id);
    const round = Math.floor(taken.size / hues.light.length) * hues.light.length;
    for (let i = 0; i < hues.light.length && taken.has(round + slot); i += 1) slot = (slot + 1) % hues.light.length;
    slots.set(id, round + slot);
    taken.add(round + slot);
  }
  return slots;
}
