import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";
import { Report } from "../../src/model/report.ts";
import { llmdbg, start, workplace } from "./llmdbg.ts";

const { dir, data } = workplace();
const trainer = fileURLToPath(new URL("trainer.mjs", import.meta.url));
const noServer = (...command: string[]): string[] => ["run", "--no-server", "--dir", data, "--", ...command];
const node = process.execPath;

test("standard output passes byte for byte, also what is no text", async () => {
  const script = join(dir, "bytes.mjs");
  writeFileSync(
    script,
    `process.stdout.write(Buffer.from([0, 27, 91, 51, 49, 109, 255, 254, 13, 10, 13, 65, 200])); process.stderr.write("err\\n");`,
  );
  const { child, ended } = start(noServer(node, script), { cwd: dir });
  const out: Buffer[] = [];
  child.stdout?.on("data", (piece: Buffer) => out.push(piece));
  const { status, stderr } = await ended;
  expect(Array.from(Buffer.concat(out))).toEqual([0, 27, 91, 51, 49, 109, 255, 254, 13, 10, 13, 65, 200]);
  expect(stderr).toContain("err\n");
  expect(status).toBe(0);
});

test("a megabyte through a pipe arrives whole", async () => {
  const { stdout } = await llmdbg(
    noServer(node, "-e", `for (let i = 0; i < 20000; i++) console.log("line " + String(i).padStart(60, "."))`),
    { cwd: dir },
  );
  const lines = stdout.trimEnd().split("\n");
  expect(lines).toHaveLength(20_000);
  expect(lines.at(-1)).toBe(`line ${"19999".padStart(60, ".")}`);
});

test.each([
  ["a status", ["-e", "process.exit(7)"], 7],
  ["a signal", ["-e", "process.kill(process.pid, 'SIGKILL')"], 137],
  ["success", ["-e", ""], 0],
])("ends with the command's own %s", async (_what, args, status) => {
  expect((await llmdbg(noServer(node, ...args), { cwd: dir })).status).toBe(status);
});

test("a command that is not there, or not executable, ends as in a shell, with a hint", async () => {
  const missing = await llmdbg(noServer("no-such-command"));
  expect([missing.status, missing.stderr]).toEqual([127, expect.stringContaining("no such command")]);
  const script = join(dir, "plain.py");
  writeFileSync(script, "print(1)\n");
  const plain = await llmdbg(noServer(script));
  expect([plain.status, plain.stderr]).toEqual([126, expect.stringContaining("llmdbg run -- python")]);
});

test.each([
  ["SIGINT", 42, "interrupted"],
  ["SIGTERM", 43, "terminated"],
] as const)("%s is passed on, and the command decides how it ends", async (signal, status, said) => {
  const { child, ended } = start(noServer(node, trainer, "1000", "20"), { cwd: dir });
  await until(() => child.stdout, /'loss'/);
  child.kill(signal);
  const result = await ended;
  expect(result.status).toBe(status);
  expect(result.stdout).toContain(said);
});

test("without a server: recorded to files, diagnosed here, and the recording can be diagnosed again", async () => {
  const result = await llmdbg(noServer(node, trainer, "60", "5", "3", "41"), { cwd: dir });
  expect(result.status).toBe(3);
  const recording = /recording to (\S+)/.exec(result.stderr)?.[1] ?? "";
  expect(result.stderr).toContain("✖ error  Loss is not a number");
  expect(result.stderr.match(/non-finite-loss, since/g)).toHaveLength(1);
  const run = z
    .object({ exitStatus: z.number(), command: z.array(z.string()), environment: z.object({ cwd: z.string() }) })
    .parse(JSON.parse(readFileSync(join(recording, "run.json"), "utf8")));
  expect([run.exitStatus, run.environment.cwd]).toEqual([3, dir]);
  const again = await llmdbg(["diagnose", recording, "--json"]);
  const [finding] = Report.parse(JSON.parse(again.stdout)).findings;
  expect(finding?.rule).toBe("non-finite-loss");
  expect(Math.abs((finding?.onset.step ?? 0) - 41)).toBeLessThanOrEqual(2);
});

test("--json keeps standard output for one document; the command's own output goes to standard error", async () => {
  const result = await llmdbg(["run", "--no-server", "--json", "--dir", data, "--", node, trainer, "40", "5"], {
    cwd: dir,
  });
  const document = z
    .object({ schema: z.literal("llmdbg.run/1"), exitStatus: z.number(), report: Report })
    .parse(JSON.parse(result.stdout));
  expect(document.report.run.lastStep).toBe(40);
  expect(result.stderr).toContain("'loss'");
});

test("a file that the trainer writes is read; what was printed too is taken once", async () => {
  const result = await llmdbg(["run", "--no-server", "--json", "--dir", data, "--", node, trainer, "40", "5"], {
    cwd: dir,
    env: { STATE_FILE: join(dir, "trainer_state.json") },
  });
  const { report } = z.object({ report: Report }).parse(JSON.parse(result.stdout));
  expect(report.run.series).toContain("eval_f1");
  expect(result.stderr).toMatch(/Also read: trainer_state\.json/);
  expect(result.stderr).toMatch(/40 points came both printed and from a file, and were taken once/);
});

test("settings come from the command line and from a file it names; secrets stay out", async () => {
  writeFileSync(join(dir, "config.yaml"), "optimizer:\n  lr: 0.001\nhub_token: hf_secret\n");
  const result = await llmdbg(
    noServer(node, "-e", "", "script.py", "--config", "config.yaml", "--batch_size", "8", "--api-key", "sk-secret"),
    { cwd: dir },
  );
  const recording = /recording to (\S+)/.exec(result.stderr)?.[1] ?? "";
  const text = readFileSync(join(recording, "run.json"), "utf8");
  const { config } = z.object({ config: z.record(z.string(), z.unknown()) }).parse(JSON.parse(text));
  expect(config).toMatchObject({ "optimizer.lr": 0.001, batch_size: 8 });
  expect(text).not.toContain("secret");
});

/** Until the stream has shown something that matches. */
async function until(stream: () => NodeJS.ReadableStream | null, pattern: RegExp): Promise<void> {
  let seen = "";
  stream()?.on("data", (piece: Buffer) => {
    seen += piece.toString("utf8");
  });
  for (let waited = 0; !pattern.test(seen); waited += 20) {
    if (waited > 20_000) throw new Error(`nothing like ${String(pattern)} in: ${seen}`);
    await sleep(20);
  }
}
