import { z } from "zod";
import { WireNumber } from "./number.ts";

/** A configuration value. Nested configurations are flattened: `optimizer.lr`. */
export const Scalar = z.union([WireNumber, z.string().max(16_384), z.boolean(), z.null()]);
export type Scalar = z.infer<typeof Scalar>;

export const maxConfigKeys = 5_000;

/** Flat configuration; keys are data, so code keeps them in Maps or null-prototype objects. */
export const FlatConfig = z
  .record(z.string().min(1).max(512), Scalar)
  .refine((config) => Object.keys(config).length <= maxConfigKeys, `at most ${maxConfigKeys} keys`);
export type FlatConfig = z.infer<typeof FlatConfig>;

/**
 * Flattens nested objects to dotted keys. Arrays and what is not a scalar become JSON text.
 * Keys that would reach an object's prototype are kept as plain data on a null-prototype object.
 */
export function flatten(nested: unknown, prefix = ""): FlatConfig {
  const flat = Object.create(null) as FlatConfig;
  const visit = (value: unknown, path: string, depth: number): void => {
    if (value === null || typeof value === "string" || typeof value === "boolean") flat[path] = value;
    else if (typeof value === "number") flat[path] = Number.isFinite(value) ? value : (String(value) as Scalar);
    else if (Array.isArray(value) || depth > 8) flat[path] = JSON.stringify(value) ?? "null";
    else if (typeof value === "object") {
      for (const [key, inner] of Object.entries(value)) visit(inner, path === "" ? key : `${path}.${key}`, depth + 1);
    }
  };
  visit(nested, prefix, 0);
  return flat;
}
