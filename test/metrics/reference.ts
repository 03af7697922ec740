import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { z } from "zod";

const root = fileURLToPath(new URL("../..", import.meta.url));
const python = process.env["LLMDBG_TEST_PYTHON"] ?? `${root}/.venv/bin/python`;

/** Whether the reference implementations are installed; says so when they are not. */
export function hasReferences(...modules: readonly string[]): boolean {
  const names = JSON.stringify(modules);
  const check = `import importlib.util as u; print(*[m for m in ${names} if u.find_spec(m) is None])`;
  const { status, stdout } = existsSync(python)
    ? spawnSync(python, ["-c", check], { encoding: "utf8" })
    : { status: null, stdout: "" };
  const missing = status === 0 ? stdout.trim() : `Python at ${python}`;
  if (missing !== "") process.stderr.write(`skipped: ${modules.join(", ")} is needed, missing: ${missing}\n`);
  return missing === "";
}

/** Gives a script of this folder one JSON document and reads the one that it prints. */
export function runReference<Shape extends z.ZodType>(script: string, input: unknown, shape: Shape): z.infer<Shape> {
  const { status, stdout, stderr } = spawnSync(python, [fileURLToPath(new URL(script, import.meta.url))], {
    input: JSON.stringify(input),
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    env: { ...process.env, OMP_NUM_THREADS: "1", PYTHONIOENCODING: "utf-8", PYTHONWARNINGS: "ignore" },
  });
  if (status !== 0) throw new Error(`${script} failed: ${stderr}`);
  return shape.parse(JSON.parse(stdout));
}
