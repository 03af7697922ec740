/**
 * Gets a fresh clone on a fresh machine to where it can run: npm packages, the build, and for the
 * tests a Python environment and a browser. Plain Node without packages, because it runs before there are any.
 *
 * Each part is repeated only when its input changed: the lock file, the sources, the Python requirements.
 * What the tests could do without (Python, torch, a browser) never stops anything: it is reported and skipped.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "..");
const torch = "torch==2.13.0";
const requirements = "test/python/requirements.txt";
const metricRequirements = "test/python/requirements-metrics.txt";

/** Prints what is being done and how long it took, because the first time takes minutes. */
function announce(what, action) {
  process.stderr.write(`${what} ...\n`);
  const start = Date.now();
  const result = action();
  process.stderr.write(`${what}: ${((Date.now() - start) / 1000).toFixed(1)} s\n`);
  return result;
}

function execute(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2], ...options });
  return result.error === undefined && result.status === 0;
}

function must(command, args, what) {
  if (execute(command, args)) return;
  process.stderr.write(`${what} failed: ${command} ${args.join(" ")}\n`);
  process.exit(1);
}

const npm = (args, what) => {
  // npm names its own script when it started this one; by name otherwise (on Windows that needs a shell).
  const script = process.env.npm_execpath;
  if (script?.endsWith("npm-cli.js")) must(process.execPath, [script, ...args], what);
  else must("npm", args, what);
};

export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  process.stderr.write(`llmdbg needs Node 20.19 or newer; this is ${process.versions.node}.\n`);
  process.exit(2);
}

/** npm's own record of what it installed, compared with the lock file, so that a finished `npm ci` is not repeated. */
function packagesAreInstalled() {
  const installed = join(root, "node_modules/.package-lock.json");
  if (!existsSync(installed)) return false;
  const have = JSON.parse(readFileSync(installed, "utf8")).packages;
  const want = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  return Object.entries(want).every(
    ([path, entry]) =>
      !path.startsWith("node_modules/") ||
      entry.optional === true ||
      entry.link === true ||
      (have[path] !== undefined && have[path].version === entry.version),
  );
}

export function installPackages() {
  if (packagesAreInstalled()) return;
  announce("Installing npm packages", () =>
    npm(["ci", "--include=dev", "--no-fund", "--no-audit"], "Installing npm packages"),
  );
}

function hashOf(paths) {
  const hash = createHash("sha256");
  const add = (path) =>
    hash
      .update(path)
      .update("\0")
      .update(readFileSync(join(root, path)));
  for (const path of paths) {
    const absolute = join(root, path);
    if (!existsSync(absolute)) continue;
    const inside = readdirIfFolder(absolute);
    if (inside === undefined) add(path);
    else for (const file of inside) add(`${path}/${file}`);
  }
  return hash.digest("hex");
}

function readdirIfFolder(path) {
  try {
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/[\\/](dist|node_modules)([\\/]|$)/.test(entry.parentPath))
      .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
      .toSorted();
  } catch (thrown) {
    if (thrown.code === "ENOTDIR") return undefined;
    throw thrown;
  }
}

/** Runs `action` unless it ran before on exactly these inputs and `output` is still there. */
function whenChanged({ marker, inputs, output, action }) {
  const path = join(root, marker);
  const hash = hashOf(inputs);
  if (existsSync(join(root, output)) && existsSync(path) && readFileSync(path, "utf8") === hash) return;
  action();
  mkdirSync(resolve(path, ".."), { recursive: true });
  writeFileSync(path, hash);
}

export function build() {
  const common = ["src", "package.json", "package-lock.json", "tsconfig.base.json"];
  whenChanged({
    marker: "dist/.node-build",
    inputs: [...common, "tsconfig.build.json"],
    output: "dist/cli/main.js",
    action: () =>
      announce("Building server and command line", () => npm(["run", "--silent", "build:node"], "The build")),
  });
  whenChanged({
    marker: "dist/.web-build",
    inputs: [...common, "tsconfig.web.json"],
    output: "dist/web/index.html",
    action: () => announce("Building the web interface", () => npm(["run", "--silent", "build:web"], "The build")),
  });
  whenChanged({
    marker: "sdks/js/dist/.build",
    inputs: ["sdks/js/src", "sdks/js/package.json", "sdks/js/tsconfig.json", "tsconfig.base.json"],
    output: "sdks/js/dist/index.js",
    action: () => announce("Building the JavaScript SDK", () => npm(["run", "--silent", "build:sdk"], "The build")),
  });
}

const onPath = (name) =>
  (process.env.PATH ?? "").split(delimiter).some((folder) => folder !== "" && existsSync(join(folder, name)));

/** Installs Debian packages where that is possible without asking: as root, with apt. */
function aptInstall(packages) {
  if (process.getuid?.() !== 0 || !onPath("apt-get")) return false;
  return announce(`Installing ${packages.join(", ")}`, () => {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    return (
      execute("apt-get", ["update", "-qq"], { env, timeout: 180_000 }) &&
      execute("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], { env, timeout: 420_000 })
    );
  });
}

const venvPython = join(root, process.platform === "win32" ? ".venv/Scripts/python.exe" : ".venv/bin/python");
const quiet = { stdio: "ignore" };

function findPython() {
  const isNewEnough = "import sys; sys.exit(sys.version_info < (3, 9))";
  const names = [process.env.PYTHON, "python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"];
  return names.find((name) => name !== undefined && execute(name, ["-c", isNewEnough], quiet));
}

function createEnvironment() {
  if (execute(venvPython, ["-m", "pip", "--version"], quiet)) return true;
  const create = () => {
    const python = findPython();
    return python !== undefined && execute(python, ["-m", "venv", "--clear", ".venv"]);
  };
  // Debian's Python comes without the parts that make environments.
  return create() || (aptInstall(["python3", "python3-venv"]) && create());
}

/**
 * The Python of the tests, with what it lacks: `missing` names packages that could not be installed.
 * `python` is undefined when there is no Python to make an environment with.
 */
export function preparePython() {
  if (!createEnvironment())
    return { python: undefined, missing: ["python"], reason: "no Python 3.9 or newer with venv" };
  const inputs = hashOf([requirements, metricRequirements]) + torch;
  const marker = join(root, ".venv/.llmdbg-installed");
  const has = (module) => execute(venvPython, ["-c", `import ${module}`], quiet);
  if (!existsSync(marker) || readFileSync(marker, "utf8") !== inputs) {
    const pip = (...args) =>
      execute(venvPython, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...args]);
    const installed = announce("Installing Python packages", () => {
      // torch first: it decides which versions of the others fit.
      const withTorch = pip(torch);
      const withOthers = pip("-r", requirements);
      const withMetrics = pip("-r", metricRequirements);
      return withTorch && withOthers && withMetrics;
    });
    if (installed) writeFileSync(marker, inputs);
  }
  const missing = ["torch", "numpy", "pytest"].filter((module) => !has(module));
  return {
    python: venvPython,
    missing,
    reason: missing.length === 0 ? "" : `pip could not install ${missing.join(", ")}`,
  };
}

/** Path or name of a Chromium, installed where possible; undefined when there is none. */
export function prepareBrowser() {
  const given = process.env.CHROMIUM;
  if (given !== undefined && given !== "") return given;
  const find = () => ["chromium", "chromium-browser", "google-chrome"].find(onPath);
  return find() ?? (aptInstall(["chromium"]) ? find() : undefined);
}
