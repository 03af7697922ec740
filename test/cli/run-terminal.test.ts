import { spawn } from "@lydell/node-pty";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { bin, environment, workplace } from "./llmdbg.ts";

// `llmdbg run` inside a real pseudo-terminal, as a person sees it.

const { dir, data } = workplace();
const trainer = fileURLToPath(new URL("trainer.mjs", import.meta.url));

function terminal(command: readonly string[]): {
  write: (text: string) => void;
  shown: () => string;
  until: (pattern: RegExp) => Promise<void>;
  ended: Promise<number>;
  resize: (columns: number) => void;
} {
  const pty = spawn(process.execPath, [bin, "run", "--no-server", "--dir", data, "--", ...command], {
    name: "xterm-256color",
    cols: 100,
    rows: 30,
    cwd: dir,
    env: environment({ NO_COLOR: undefined }),
  });
  let shown = "";
  pty.onData((text) => {
    shown += text;
  });
  const ended = new Promise<number>((resolve) => {
    pty.onExit(({ exitCode }) => resolve(exitCode));
  });
  return {
    write: (text) => pty.write(text),
    resize: (columns) => pty.resize(columns, 30),
    shown: () => shown,
    ended,
    async until(pattern) {
      for (let waited = 0; !pattern.test(shown); waited += 20) {
        if (waited > 20_000) throw new Error(`nothing like ${String(pattern)} in: ${shown}`);
        await sleep(20);
      }
    },
  };
}

function script(name: string, code: string): string {
  const path = join(dir, name);
  writeFileSync(path, code);
  return path;
}

test("the command has a terminal: isatty, its size, colours and carriage returns intact", async () => {
  const path = script(
    "colours.mjs",
    `process.stdout.write("tty " + process.stdin.isTTY + process.stdout.isTTY + process.stderr.isTTY + " " + process.stdout.columns + "\\n");
     process.stdout.write("\\u001b[32mgreen\\u001b[0m\\r 10%|#\\r 20%|##\\n"); process.exit(5);`,
  );
  const t = terminal([process.execPath, path]);
  expect(await t.ended).toBe(5);
  expect(t.shown()).toContain("tty truetruetrue 100");
  expect(t.shown()).toContain("\u001b[32mgreen\u001b[0m\r 10%|#\r 20%|##");
});

test("keys reach the command: a prompt is answered", async () => {
  const path = script(
    "prompt.mjs",
    `import { createInterface } from "node:readline/promises";
     const ask = createInterface({ input: process.stdin, output: process.stdout });
     const answer = await ask.question("Continue? [y/N] "); ask.close(); console.log("answer=" + answer); process.exit(answer === "y" ? 0 : 9);`,
  );
  const t = terminal([process.execPath, path]);
  await t.until(/Continue\?/);
  t.write("y\r");
  expect(await t.ended).toBe(0);
  expect(t.shown()).toContain("answer=y");
});

test("Ctrl-C interrupts the command, once", async () => {
  const path = script(
    "interrupt.mjs",
    `let n = 0; process.on("SIGINT", () => { n += 1; setTimeout(() => { console.log("interrupts=" + n); process.exit(42); }, 300); }); console.log("ready"); setTimeout(() => {}, 30000);`,
  );
  const t = terminal([process.execPath, path]);
  await t.until(/ready/);
  t.write("\u0003");
  expect(await t.ended).toBe(42);
  expect(t.shown()).toContain("interrupts=1");
});

test("a command that ignores the first Ctrl-C gets the second", async () => {
  const path = script(
    "twice.mjs",
    `let n = 0; process.on("SIGINT", () => { n += 1; console.log("interrupt " + n); if (n === 2) process.exit(44); }); console.log("ready"); setTimeout(() => {}, 30000);`,
  );
  const t = terminal([process.execPath, path]);
  await t.until(/ready/);
  t.write("\u0003");
  await t.until(/interrupt 1/);
  t.write("\u0003");
  expect(await t.ended).toBe(44);
});

test("the command learns the terminal's new width", async () => {
  const path = script(
    "resize.mjs",
    `process.stdout.on("resize", () => { console.log("columns=" + process.stdout.columns); process.exit(0); }); console.log("ready"); setTimeout(() => {}, 30000);`,
  );
  const t = terminal([process.execPath, path]);
  await t.until(/ready/);
  t.resize(120);
  expect(await t.ended).toBe(0);
  expect(t.shown()).toContain("columns=120");
});

test("a finding stands on lines of its own, and the bar is put back below it", async () => {
  const t = terminal([process.execPath, trainer, "120", "25", "0", "30"]);
  expect(await t.ended).toBe(0);
  const shown = stripVTControlCharacters(t.shown());
  const block = /^✖ error {2}Loss is not a number/m.exec(shown.replaceAll("\r", "\n"));
  expect(block).not.toBeNull();
  // What follows the block's blank line is the bar that was cleared for it.
  expect(/\u001b\[J\s*(\u001b\[\d+m)*✖ error/.test(t.shown())).toBe(true);
  const [summary] = shown.split("─".repeat(60)).slice(-1);
  expect(summary).toMatch(/✖ error {2}\S+: 1 error/);
});
