import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

type Resolution = { readonly path: string } | { readonly problem: string; readonly exitCode: 126 | 127 };

/** Where the shell would find this command; otherwise the exit status the shell would give. */
export function resolveCommand(command: string, path: string | undefined, cwd: string): Resolution {
  const candidates = command.includes("/")
    ? [resolve(cwd, command)]
    : (path ?? "").split(delimiter).map((directory) => join(directory || ".", command));
  let found = false;
  for (const candidate of candidates) {
    if (!isFile(candidate)) continue;
    found = true;
    if (isExecutable(candidate)) return { path: candidate };
  }
  if (found)
    return {
      problem: `${command} is not executable. If it is a Python script: llmdbg run -- python ${command}`,
      exitCode: 126,
    };
  return {
    problem: `${command}: no such command. Check the spelling and that its environment is active.`,
    exitCode: 127,
  };
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    // Also a directory of PATH that may not be read (EACCES): a shell passes over it too.
    return false;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
