import { useComputedColorScheme } from "@mantine/core";
import { inkOf, type Ink, type Scheme, type Slot } from "./palette.ts";

export const useScheme = (): Scheme => useComputedColorScheme("light", { getInitialValueInEffect: false });

export function useInk(slot: Slot): Ink {
  return inkOf(slot, useScheme());
}
