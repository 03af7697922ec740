import { useComputedColorScheme } from "@mantine/core";
import type { Scheme } from "./palette.ts";

/** Light or dark, as the page is now. Each use listens to the system, so ask once a page and pass it on. */
export const useScheme = (): Scheme => useComputedColorScheme("light", { getInitialValueInEffect: false });
