import { randomBytes } from "node:crypto";
import { basename, join } from "node:path";
import { AppError } from "../../base/errors.ts";
import { announcedServer, freePort } from "../client/announced.ts";
import type { Invocation } from "../command.ts";
import { dataDirectory } from "../options.ts";
import { startChild, wantsTerminal, type Output } from "./child.ts";
import { projectName } from "./project-name.ts";
import { resolveCommand } from "./resolve-command.ts";
import { Screen } from "./screen.ts";

/**
 * `llmdbg run -- <command>`. The command starts at once: only what it needs to know is worked out before,
 * and everything heavy (schemas, decoders, engine, client) is loaded while it runs already.
 */
export async function run({ operands, options, env, terminal }: Invocation): Promise<number> {
  const startedAt = Date.now();
  const [command = "", ...args] = operands;
  const found = resolveCommand(command, env["PATH"], process.cwd());
  if ("problem" in found) {
    terminal.err(`llmdbg: ${found.problem}\n`);
    return found.exitCode;
  }
  const directory = dataDirectory(text(options["dir"]), env);
  const id = runId(text(options["name"]), env["LLMDBG_RUN_ID"], operands);
  const project = text(options["project"]) ?? env["LLMDBG_PROJECT"] ?? projectName();
  const json = options["json"] === true;
  const address = options["server"] === false ? undefined : await addressOf(directory, env);
  const style = terminal.errStyle;
  const together = wantsTerminal() && !json;
  const screen = new Screen(
    (bytes) => void process.stderr.write(bytes),
    process.stderr.isTTY ? () => process.stderr.columns || 80 : undefined,
  );
  const where =
    address === undefined
      ? `recording to ${join(directory, "recordings", id)}`
      : `this run is at ${address.url}/runs/${id}`;
  screen.print(`${style.colours.dim(`llmdbg: ${where}`)}\n`);

  const early: { stream: Output; bytes: Buffer; time: number }[] = [];
  let see = (stream: Output, bytes: Buffer, time: number): void => void early.push({ stream, bytes, time });
  const child = await startChild({
    argv: [command, ...args],
    env: childEnvironment(env, { id, project, directory, url: address?.port === undefined ? address?.url : undefined }),
    keepStdoutFree: json,
    onOutput: (stream, bytes) => {
      if (together || stream === "err" || json) screen.saw(bytes);
      see(stream, bytes, Date.now());
    },
  });
  const { startSession } = await import("./session.ts");
  const session = startSession({
    id,
    name: text(options["name"]) ?? id,
    project,
    tags: texts(options["tag"]),
    argv: [command, ...args],
    pid: child.pid,
    directory,
    env,
    startedAt,
    address,
    style,
    print: (block) => screen.print(block),
  });
  for (const { stream, bytes, time } of early) session.saw(stream, bytes, time);
  see = session.saw;
  const ended = await child.ended;
  screen.end();
  const document = await session.end(ended);
  screen.end();
  if (json) terminal.out(`${document}\n`);
  return ended.exitCode;
}

/** Where the server is, or will be: `port` is set when it must be started there. */
export interface Address {
  readonly url: string;
  readonly port: number | undefined;
}

async function addressOf(directory: string, env: Invocation["env"]): Promise<Address> {
  const named = env["LLMDBG_URL"];
  if (named !== undefined && named !== "") return { url: named.replace(/\/+$/, ""), port: undefined };
  const announced = announcedServer(directory);
  if (announced !== undefined) return { url: announced.url, port: undefined };
  const port = await freePort();
  return { url: `http://127.0.0.1:${port}`, port };
}

interface ForChild {
  readonly id: string;
  readonly project: string;
  readonly directory: string;
  /** Undefined until a server answers there: another directory's may take the port meanwhile. The directory tells. */
  readonly url: string | undefined;
}

/** An SDK inside the command joins this run; Python prints each line when it is written, not when 8 kB are full. */
const childEnvironment = (env: Invocation["env"], about: ForChild): Record<string, string | undefined> => ({
  ...env,
  PYTHONUNBUFFERED: env["PYTHONUNBUFFERED"] ?? "1",
  LLMDBG_RUN_ID: about.id,
  LLMDBG_PROJECT: about.project,
  LLMDBG_DIR: about.directory,
  ...(about.url === undefined ? {} : { LLMDBG_URL: about.url }),
});

/** An id that the user gave (to continue a run), or one that reads like the command: `train-3fa9c2`. */
function runId(name: string | undefined, given: string | undefined, argv: readonly string[]): string {
  if (given !== undefined && given !== "") {
    if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(given)) return given;
    throw new AppError(
      "bad-request",
      `LLMDBG_RUN_ID=${given} is no id: letters, digits, '_', '.', '-'; at most 128. Unset it to get one made.`,
    );
  }
  const script = argv.find((word) => /\.(py|sh|ts|js)$/.test(word)) ?? argv[0] ?? "run";
  const readable = (name ?? basename(script).replace(/\.\w+$/, ""))
    .replaceAll(/[^A-Za-z0-9_.-]+/g, "-")
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "")
    .slice(0, 80);
  return `${readable === "" ? "run" : readable}-${randomBytes(3).toString("hex")}`;
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.flatMap((each) => text(each) ?? []) : []);
