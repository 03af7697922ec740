import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { z } from "zod";
import { getHealth } from "../../api/server.ts";
import { messageOf } from "../../base/errors.ts";
import { defaultPort, tryPort } from "../client/announced.ts";
import { findServer } from "../client/locate.ts";
import type { Invocation } from "../command.ts";
import { makeDirectory } from "../make-directory.ts";
import { dataDirectory, parseOptions } from "../options.ts";
import { bytesText, plain } from "../terminal/text.ts";
import { packageVersion } from "../package-root.ts";
import { pythonFacts } from "../run/python.ts";

const Options = z.object({ dir: z.string().optional(), json: z.boolean().default(false) });

interface Check {
  readonly name: string;
  readonly state: "ok" | "warn" | "fail";
  readonly found: string;
  /** What to do, when something is to be done. */
  readonly fix?: string;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** `llmdbg doctor`: status 1 when something that llmdbg cannot do without fails. */
export async function doctor({ options: given, env, terminal }: Invocation): Promise<number> {
  const options = parseOptions(Options, given);
  const directory = dataDirectory(options.dir, env);
  const checks = [
    node(),
    writable(directory),
    freeSpace(directory),
    ...(await Promise.all([server(directory, env), port(directory, env), python(env), gpu()])),
    browser(env),
    clock(),
  ];
  if (options.json)
    terminal.out(`${JSON.stringify({ schema: "llmdbg.doctor/1", version: packageVersion(), checks }, undefined, 2)}\n`);
  else {
    const { green, yellow, red, dim } = terminal.outStyle.colours;
    const words = { ok: green("ok  "), warn: yellow("warn"), fail: red("FAIL") };
    terminal.out(`llmdbg ${packageVersion()}\n\n`);
    for (const { name, state, found, fix } of checks) {
      terminal.out(`${words[state]}  ${name.padEnd(15)} ${plain(found)}\n`);
      if (fix !== undefined) terminal.out(dim(`                      ${fix}\n`));
    }
  }
  return checks.some(({ state }) => state === "fail") ? 1 : 0;
}

function node(): Check {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const fits = major > 20 || (major === 20 && minor >= 19);
  return {
    name: "Node",
    state: fits ? "ok" : "fail",
    found: process.version,
    ...(fits ? {} : { fix: "Install Node 20.19 or newer." }),
  };
}

function writable(directory: string): Check {
  try {
    makeDirectory(directory);
    accessSync(directory, constants.W_OK);
    return { name: "data directory", state: "ok", found: directory };
  } catch (thrown) {
    return {
      name: "data directory",
      state: "fail",
      found: messageOf(thrown),
      fix: "Choose a writable one: set LLMDBG_DIR or pass --dir.",
    };
  }
}

/** Below this the store stops taking data. */
const tightBytes = 1e9;

function freeSpace(directory: string): Check {
  if (!existsSync(directory))
    return { name: "free space", state: "warn", found: "not known: there is no data directory" };
  const { bavail, bsize } = statfsSync(directory);
  const free = bavail * bsize;
  const tight = free < tightBytes;
  return {
    name: "free space",
    state: tight ? "warn" : "ok",
    found: `${bytesText(free)} free`,
    ...(tight ? { fix: "Free some space, or put the data elsewhere with LLMDBG_DIR." } : {}),
  };
}

async function server(directory: string, env: Variables): Promise<Check> {
  try {
    const connection = await findServer(directory, env);
    if (connection === undefined)
      return { name: "server", state: "ok", found: "none runs; `llmdbg run` starts one when it needs it" };
    const health = await connection.ask(getHealth.response, { method: "GET", path: getHealth.path });
    connection.close();
    const same = health.version === packageVersion();
    return {
      name: "server",
      state: same ? "ok" : "warn",
      found: `${connection.url}, version ${health.version}, process ${health.pid}`,
      ...(same
        ? {}
        : {
            fix: `This is ${packageVersion()}: restart the server with \`llmdbg serve --stop\`, then \`llmdbg serve\`.`,
          }),
    };
  } catch (thrown) {
    return {
      name: "server",
      state: "fail",
      found: messageOf(thrown),
      fix: "Check LLMDBG_URL, or unset it to use a server of this machine.",
    };
  }
}

async function port(directory: string, env: Variables): Promise<Check> {
  const taken = (await tryPort(defaultPort)) === undefined;
  if (!taken) return { name: "port", state: "ok", found: `${defaultPort} is free` };
  const own = await findServer(directory, env).catch(() => undefined);
  own?.close();
  if (own?.url.endsWith(`:${defaultPort}`) === true)
    return { name: "port", state: "ok", found: `${defaultPort} is llmdbg's own` };
  return {
    name: "port",
    state: "warn",
    found: `${defaultPort} is taken by another program`,
    fix: "Nothing to do: llmdbg takes the next free one.",
  };
}

async function python(env: Variables): Promise<Check> {
  const facts = await pythonFacts(["python"], env);
  if (facts === undefined)
    return {
      name: "Python",
      state: "warn",
      found: "none found",
      fix: "Only needed to train with it. Activate the environment of your training first.",
    };
  const known = ["torch", "transformers", "trl", "accelerate", "lightning", "keras", "deepspeed"]
    .flatMap((name) => (facts.packages[name] === undefined ? [] : [`${name} ${facts.packages[name]}`]))
    .join(", ");
  return {
    name: "Python",
    state: "ok",
    found: `${facts.version} (${facts.executable})${known === "" ? "" : `: ${known}`}`,
  };
}

async function gpu(): Promise<Check> {
  return new Promise((resolve) => {
    execFile(
      "nvidia-smi",
      ["--query-gpu=name,memory.total", "--format=csv,noheader"],
      { timeout: 5000 },
      (error, stdout) => {
        if (error === null) resolve({ name: "GPU", state: "ok", found: stdout.trim().split("\n").join("; ") });
        else resolve({ name: "GPU", state: "ok", found: "no nvidia-smi: GPU use is not recorded, all else works" });
      },
    );
  });
}

function browser(env: Variables): Check {
  const names = process.platform === "darwin" ? ["open"] : ["xdg-open", "chromium", "google-chrome", "firefox"];
  const path = (env["PATH"] ?? "").split(delimiter);
  const found = names.find((name) => path.some((directory) => existsSync(join(directory, name))));
  if (found !== undefined) return { name: "browser", state: "ok", found };
  return {
    name: "browser",
    state: "warn",
    found: "none found",
    fix: "Open the printed address in a browser of any machine that reaches this one.",
  };
}

/** Curves are drawn over time; a clock that is far off puts them beside those of other machines. */
function clock(): Check {
  const now = new Date();
  const plausible = now.getUTCFullYear() >= 2025;
  return {
    name: "clock",
    state: plausible ? "ok" : "warn",
    found: now.toISOString(),
    ...(plausible ? {} : { fix: "Set this machine's clock; times of runs will be wrong." }),
  };
}
