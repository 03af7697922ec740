import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { z } from "zod";
import { AppError } from "../base/errors.ts";

/** Options of a command through its schema; a bad one is a usage error that names the option. */
export function parseOptions<S extends z.ZodType>(schema: S, options: Readonly<Record<string, unknown>>): z.infer<S> {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const name = String(issue?.path[0] ?? "").replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new AppError("bad-request", `--${name}: ${issue?.message ?? "not understood"}. See \`llmdbg --help\`.`);
}

/** `--dir`, else LLMDBG_DIR, else ~/.llmdbg; always absolute. */
export function dataDirectory(option: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  const named = option ?? env["LLMDBG_DIR"];
  return named === undefined || named === "" ? join(homedir(), ".llmdbg") : resolve(named);
}
