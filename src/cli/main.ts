/**
 * The command line's composition root: builds commander from the list of commands, runs one, and holds
 * the only catch. Exit status: 0 fine, 1 findings, 2 bad usage, unreadable input or a bug; `run` ends
 * with the status of the command it ran.
 */
import { Command as Program, CommanderError, Option } from "commander";
import { AppError } from "../base/errors.ts";
import type { Command, Terminal } from "./command.ts";
import { commands } from "./commands/index.ts";
import { createStyle } from "./terminal/style.ts";
import { packageVersion } from "./package-root.ts";

export async function main(argv: readonly string[]): Promise<void> {
  const terminal: Terminal = {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    outStyle: createStyle(process.stdout, process.env),
    errStyle: createStyle(process.stderr, process.env),
  };
  endQuietlyWhenTheReaderLeaves();
  try {
    process.exitCode = await dispatch(argv, terminal);
  } catch (thrown) {
    process.exitCode = reportFailure(thrown, terminal);
  }
}

async function dispatch(argv: readonly string[], terminal: Terminal): Promise<number> {
  let status = 0;
  const program = new Program("llmdbg")
    .description(
      "A debugger for language models: watches training, says what is wrong, since when, why, and what to change.",
    )
    .version(packageVersion(), "-v, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "Print the help of a command")
    .configureHelp({ minWidthToWrap: 20 })
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err, outputError: () => {} })
    .addHelpText(
      "after",
      "\nStart here:\n  llmdbg run -- python train.py       watch your training\n  llmdbg diagnose trainer_state.json  diagnose one that is over\n  llmdbg demo                         look around on recorded runs",
    );
  for (const command of commands) {
    addCommand(program, command, async (operands, options) => {
      const implementation = await command.load();
      status = await implementation({ operands, options, env: process.env, terminal });
    });
  }
  if (argv.length === 0) program.outputHelp();
  else await program.parseAsync([...argv], { from: "user" });
  return status;
}

type Action = (operands: readonly string[], options: Readonly<Record<string, unknown>>) => Promise<void>;

function addCommand(program: Program, command: Command, action: Action): void {
  const sub = program.command(command.id).summary(command.summary).description(`${command.summary}.`);
  if (command.operands !== undefined) sub.arguments(command.operands);
  for (const [flags, description, choices] of command.options) {
    const option = new Option(flags, description);
    sub.addOption(choices === undefined ? option : option.choices(choices));
  }
  sub.option("--json", "print one JSON document on stdout");
  if (command.passThrough === true) sub.passThroughOptions();
  sub.addHelpText(
    "after",
    `\nExample${command.examples.length > 1 ? "s" : ""}:\n${command.examples.map((e) => `  $ ${e}`).join("\n")}`,
  );
  sub.action(async () => action(sub.args, sub.opts()));
}

/** Says on stderr what went wrong, and gives the exit status. */
function reportFailure(thrown: unknown, terminal: Terminal): number {
  const { red, bold } = terminal.errStyle.colours;
  if (thrown instanceof CommanderError) {
    if (thrown.exitCode === 0) return 0;
    const message = thrown.message
      .replace(/^error: /, "")
      .replaceAll(/\s*\n\s*/g, " ")
      .replace(/\.$/, "");
    terminal.err(`${bold(red("llmdbg:"))} ${message}. See \`llmdbg --help\`.\n`);
    return 2;
  }
  if (thrown instanceof AppError) {
    terminal.err(`${bold(red("llmdbg:"))} ${thrown.message}\n`);
    return thrown.exitCode;
  }
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  terminal.err(
    `${bold(red("llmdbg:"))} this is a bug in llmdbg, not in your model. Please report it with these lines ` +
      `(llmdbg ${packageVersion()}, Node ${process.version}, ${process.platform}):\n${stack}\n`,
  );
  return 2;
}

/** `llmdbg logs x | head` is no error: the pipe's end ends us as it ends any other program. */
function endQuietlyWhenTheReaderLeaves(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(process.exitCode ?? 0);
    throw error;
  });
}
