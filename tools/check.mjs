/**
 * Every check of `npm test`, one after the other; a failing one does not stop the next.
 * Each must say how much it looked at, and fails when that is nothing: a gate that saw no files proves nothing.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { prepareBrowser, preparePython, root } from "./setup.mjs";

const results = join(root, "test-results");
const bin = (name) => join(root, "node_modules/.bin", name);

/** Runs a program with its output shown and kept. */
function execute(command, args, { env = {}, show = () => true } = {}) {
  return new Promise((done) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const keep = (stream) => {
      let line = "";
      const print = (text) => {
        if (show(text)) process.stdout.write(`${text}\n`);
      };
      stream.setEncoding("utf8");
      stream.on("data", (text) => {
        output += text;
        const lines = (line + text).split("\n");
        line = lines.pop() ?? "";
        lines.forEach(print);
      });
      stream.on("end", () => line !== "" && print(line));
    };
    keep(child.stdout);
    keep(child.stderr);
    child.on("error", (error) => done({ status: 1, output: output + error.message }));
    child.on("close", (status) => done({ status: status ?? 1, output }));
  });
}

const firstNumber = (text, pattern) => Number(pattern.exec(text)?.[1] ?? 0);

/** A gate without tests of its own: one program that passes or fails, and the number of things it saw. */
const gate = (name, command, args, count) => ({
  name,
  async run() {
    const { status, output } = await execute(bin(command), args, { show: (line) => !isOwnSource(line) });
    return { passed: status === 0, seen: count(output), unit: "files" };
  },
});

/** A line of `tsc --listFiles`. */
const isOwnSource = (line) => line.startsWith(root) && /\.(tsx?|json)$/.test(line.trim());

const compiled = (output) =>
  output.split("\n").filter((line) => isOwnSource(line) && !line.includes("/node_modules/")).length;

const types = (project) =>
  gate(`types: ${project}`, "tsc", ["-p", `tsconfig.${project}.json`, "--noEmit", "--listFiles"], compiled);

/** Of oxfmt and oxlint ("Finished in 1 s on 40 files") and of our own ("40 files, ..."). */
const onFiles = (output) => firstNumber(output, /(?:Finished in .* on |^)(\d+) files/m);

const gates = [
  gate("format", "oxfmt", ["--check", "src", "tools", "test", "benchmarks", "sdks/js"], onFiles),
  gate("lint", "oxlint", ["--type-aware"], onFiles),
  types("pure"),
  types("node"),
  types("web"),
  types("test"),
  gate("imports", "tsx", ["tools/check-imports.ts"], onFiles),
  gate("size", "tsx", ["tools/check-size.ts"], onFiles),
  {
    name: "unused code and cycles",
    async run() {
      // A pattern of knip.json that matches nothing is a hint, and a hint fails: so knip saw every folder it names.
      const { status } = await execute(bin("knip"), ["--no-progress", "--treat-config-hints-as-errors"]);
      const cycles = await execute(bin("knip"), ["--no-progress", "--cycles"]);
      const { project } = JSON.parse(readFileSync(join(root, "knip.json"), "utf8")).workspaces["."];
      return { passed: status === 0 && cycles.status === 0, seen: project.length, unit: "patterns" };
    },
  },
];

async function runVitest(environment, filters) {
  const report = join(results, "vitest.json");
  const { status } = await execute(
    bin("vitest"),
    ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...filters],
    { env: environment },
  );
  const json = readJson(report);
  if (json === undefined) return { passed: 0, failed: 1, skipped: 0, skippedNames: [] };
  const tests = json.testResults.flatMap((file) => file.assertionResults);
  const broken = json.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every((test) => test.status !== "failed"),
  ).length;
  const failed = json.numFailedTests + broken;
  return {
    passed: json.numPassedTests,
    // An error outside any test fails the run without failing a test.
    failed: failed === 0 && status !== 0 ? 1 : failed,
    skipped: json.numPendingTests + json.numTodoTests,
    skippedNames: tests
      .filter((test) => test.status !== "passed" && test.status !== "failed")
      .map((test) => test.fullName),
  };
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    // No report: the runner itself did not come up, and its output above says why.
    return undefined;
  }
}

const pythonTests = "sdks/python/tests";

async function runPytest(python, environment) {
  const report = join(results, "pytest.xml");
  if (python.python === undefined || python.missing.includes("pytest")) {
    const skippedNames = readdirSync(join(root, pythonTests))
      .filter((file) => file.startsWith("test_"))
      .flatMap((file) =>
        [...readFileSync(join(root, pythonTests, file), "utf8").matchAll(/^ *def (test_\w+)/gm)].map(
          (match) => `${file}::${match[1]}`,
        ),
      );
    console.log(`skipped: ${python.reason}`);
    return { passed: 0, failed: 0, skipped: skippedNames.length, skippedNames };
  }
  const { status } = await execute(
    python.python,
    ["-m", "pytest", "-rs", "-q", "-p", "no:cacheprovider", `--junitxml=${report}`, pythonTests],
    { env: environment },
  );
  const xml = readText(report);
  const attribute = (name) => firstNumber(xml, new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`));
  const failed = attribute("failures") + attribute("errors");
  const skipped = attribute("skipped");
  const skippedNames = [...xml.matchAll(/<testcase classname="([^"]*)" name="([^"]*)"[^>]*><skipped/g)].map(
    (match) => `${match[1]}::${match[2]}`,
  );
  return {
    passed: Math.max(0, attribute("tests") - failed - skipped),
    failed: failed === 0 && status !== 0 ? 1 : failed,
    skipped,
    skippedNames,
  };
}

function readText(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // As in readJson: no report means that pytest did not start.
    return "";
  }
}

/** Runs everything and answers the exit status. The last line printed is `N passed, N failed, N skipped`. */
export async function check(filters) {
  const start = Date.now();
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  const python = preparePython();
  const chromium = prepareBrowser();
  const environment = {
    ...(chromium === undefined ? {} : { CHROMIUM: chromium }),
    ...(python.python === undefined ? {} : { LLMDBG_TEST_PYTHON: python.python }),
  };
  const summary = [];
  const total = { passed: 0, failed: 0, skipped: 0 };
  const step = async (name, run) => {
    console.log(`\n== ${name}`);
    const began = Date.now();
    const line = await run();
    summary.push(`${name.padEnd(24)} ${line}, ${((Date.now() - began) / 1000).toFixed(1)} s`);
  };
  for (const one of filters.length === 0 ? gates : []) {
    await step(one.name, async () => {
      const { passed, seen, unit } = await one.run();
      const ok = passed && seen > 0;
      if (!ok) total.failed += 1;
      const verdict = passed && seen === 0 ? "FAILED: it looked at nothing" : ok ? "ok" : "FAILED";
      return `${verdict}, ${seen} ${unit}`;
    });
  }
  const skippedNames = [];
  const tests = async (name, run) =>
    step(name, async () => {
      const counts = await run();
      const nothing = counts.passed + counts.failed + counts.skipped === 0;
      total.passed += counts.passed;
      total.failed += counts.failed + (nothing ? 1 : 0);
      total.skipped += counts.skipped;
      skippedNames.push(...counts.skippedNames);
      const verdict = nothing ? "FAILED: no tests found" : counts.failed > 0 ? "FAILED" : "ok";
      return `${verdict}, ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
    });
  await tests("tests", () => runVitest(environment, filters));
  if (filters.length === 0) await tests("Python SDK tests", () => runPytest(python, environment));

  console.log("\n== summary");
  console.log(
    `python: ${python.python === undefined ? "none" : "yes"}${python.reason === "" ? "" : ` (${python.reason})`}`,
  );
  console.log(`browser: ${chromium === undefined ? "none found and none could be installed" : basename(chromium)}`);
  for (const line of summary) console.log(line);
  if (skippedNames.length > 0) console.log(`skipped, for the reasons printed above:\n  ${skippedNames.join("\n  ")}`);
  console.log(`${((Date.now() - start) / 1000).toFixed(0)} s in all; a failed gate counts as one failure`);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed > 0 ? 1 : 0;
}
