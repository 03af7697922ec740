import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { Stub } from "./stub.ts";

test("every example of docs/sdk/javascript.md runs as it is", async () => {
  const directory = mkdtempSync(join(tmpdir(), "llmdbg-sdk-docs-"));
  const stub = await new Stub().start(directory);
  try {
    const page = readFileSync(resolve(import.meta.dirname, "../../../docs/sdk/javascript.md"), "utf8");
    const examples = [...page.matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code = ""]) => code);
    expect(examples).toHaveLength(1);
    const source = pathToFileURL(resolve(import.meta.dirname, "../src/index.ts")).href;
    for (const example of examples) {
      const code = example.replace(`"llmdbg-sdk"`, JSON.stringify(source));
      const env = { ...process.env, LLMDBG_DIR: directory, LLMDBG_URL: "", LLMDBG_RUN_ID: "" };
      const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", code], {
        env,
        stdio: "inherit",
      });
      expect(await new Promise((done) => child.on("close", done))).toBe(0);
    }
    expect(stub.points()["eval/bleu"]?.[99]).toEqual([99, 29.9]);
    expect(stub.records()).toMatchObject([{ message: "gradient norm is high" }, { message: "step failed" }]);
    expect(stub.runStatus()).toBe("finished");
  } finally {
    await stub.stop();
    rmSync(directory, { recursive: true, force: true });
  }
});
