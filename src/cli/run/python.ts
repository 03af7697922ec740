import { execFile } from "node:child_process";
import { closeSync, openSync, readSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { setPriority } from "node:os";
import { z } from "zod";
import { resolveCommand } from "./resolve-command.ts";

const Facts = z.object({ version: z.string(), executable: z.string(), packages: z.record(z.string(), z.string()) });
export type PythonFacts = z.infer<typeof Facts>;

type Variables = Readonly<Record<string, string | undefined>>;

/** An environment with more packages than this is cut. */
const script = `
import json, sys
from importlib import metadata
packages = {}
for item in metadata.distributions():
    name = item.metadata["Name"] if item.metadata else None
    if name and len(packages) < 3000:
        packages[name] = str(item.version)
print(json.dumps({"version": sys.version.split()[0], "executable": sys.executable, "packages": packages}))
`;

const limitMs = 20_000;

/** Version and packages of the Python that a command uses; undefined when there is none. In the background, at low priority. */
export async function pythonFacts(
  argv: readonly string[],
  env: Variables,
  signal?: AbortSignal,
): Promise<PythonFacts | undefined> {
  const python = pythonOf(argv, env);
  if (python === undefined) return undefined;
  return new Promise((resolve) => {
    const options = {
      ...(signal === undefined ? {} : { signal }),
      timeout: limitMs,
      maxBuffer: 4 * 1024 * 1024,
      env: { ...env, PYTHONDONTWRITEBYTECODE: "1" },
    };
    const child = execFile(python, ["-c", script], options, (error, stdout) => {
      const parsed = error === null ? Facts.safeParse(jsonOf(stdout)) : undefined;
      resolve(parsed?.success === true ? parsed.data : undefined);
    });
    try {
      if (child.pid !== undefined) setPriority(child.pid, 10);
    } catch {
      // It ran so fast that it is gone; or priorities are not ours to set.
    }
  });
}

/** The interpreter: the command itself, the one in its first line, the active environment's, or python3. */
function pythonOf(argv: readonly string[], env: Variables): string | undefined {
  const find = (name: string): string | undefined => {
    const found = resolveCommand(name, env["PATH"], process.cwd());
    return "path" in found ? found.path : undefined;
  };
  const [command = ""] = argv;
  if (/^python[\d.]*$/.test(basename(command))) return find(command) ?? find("python3");
  const path = find(command);
  const interpreter = path === undefined ? undefined : interpreterOf(path);
  if (interpreter !== undefined) return interpreter;
  const active = env["VIRTUAL_ENV"] ?? env["CONDA_PREFIX"];
  return (active === undefined ? undefined : find(join(active, "bin", "python"))) ?? find("python3");
}

/** `torchrun` and its like are scripts whose first line names the interpreter. */
function interpreterOf(path: string): string | undefined {
  try {
    const file = openSync(realpathSync(path), "r");
    const head = Buffer.alloc(256);
    const read = readSync(file, head, 0, head.length, 0);
    closeSync(file);
    const line = head.toString("latin1", 0, read).split("\n")[0] ?? "";
    return /^#!\s*(\S*\/python[\d.]*)\s*$/.exec(line)?.[1];
  } catch {
    // Not readable: the next guess is as good.
    return undefined;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Refused by the schema.
    return undefined;
  }
}
