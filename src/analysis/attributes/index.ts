import type { Attribute } from "../attribute.ts";
import { inputLength } from "./input-length.ts";

/** A test compares this list with the folder. */
export const attributes: readonly Attribute[] = [inputLength];
