/** `npm start` and `npm test`: prepare whatever is missing, then run the demo or every check. */
import { spawn } from "node:child_process";
import { build, installPackages, requireNode, root } from "./setup.mjs";

const [task, ...rest] = process.argv.slice(2);
requireNode();
installPackages();
build();

if (task === "start") {
  const child = spawn(process.execPath, ["bin/llmdbg.js", "demo", ...rest], { cwd: root, stdio: "inherit" });
  // The terminal sends Ctrl-C to both; this process only waits for the demo to end.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
  });
} else if (task === "test") {
  const { check } = await import("./check.mjs");
  process.exitCode = await check(rest);
} else {
  process.stderr.write("Usage: node tools/bootstrap.mjs start|test\n");
  process.exitCode = 2;
}
