import type { Style } from "./terminal/style.ts";

/** Where a command writes, and how that stream looks. Nothing else in the command line prints. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly outStyle: Style;
  readonly errStyle: Style;
}

/** What commander understood; each command parses `options` with its own schema. */
export interface Invocation {
  readonly operands: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
}

/**
 * A command as data: what `--help` says, and how to load what it does. `load` imports the implementation
 * only when the command runs, so that `diagnose` never pays for the server, the store or the pseudo-terminal.
 */
export interface Command {
  /** Also the file's name. */
  readonly id: string;
  readonly summary: string;
  /** In commander's spelling: `<path>`, `[path...]`. */
  readonly operands?: string;
  /** Flags in commander's spelling, what they do, and the allowed values when they are few. `--json` is added to all. */
  readonly options: readonly (readonly [flags: string, description: string, choices?: readonly string[]])[];
  readonly examples: readonly string[];
  /** Everything from the first operand on belongs to the command that is run. */
  readonly passThrough?: boolean;
  readonly load: () => Promise<(invocation: Invocation) => Promise<number>>;
}

export const defineCommand = (command: Command): Command => command;
