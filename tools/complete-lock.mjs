/**
 * Names in package-lock.json the optional packages of other platforms that the registry in use did not
 * offer. npm leaves them out silently, and then `npm ci` refuses the lock file everywhere and other platforms
 * would miss their binaries. Entries made here carry no hash: npm takes those versions as the registry has them.
 *
 * Run it after `npm install <package>`: `node tools/complete-lock.mjs`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const path = join(resolve(import.meta.dirname, ".."), "package-lock.json");
const lock = JSON.parse(readFileSync(path, "utf8"));
const systems = ["darwin", "linux", "win32", "android", "freebsd", "netbsd", "openbsd", "sunos", "aix", "openharmony"];
const processors = ["arm64", "x64", "arm", "ia32", "ppc64", "riscv64", "s390x", "loong64", "mips64el"];

/** The lock's entry for `name` as Node would find it from the package at `from`. */
function found(from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/")))) {
    const entry = lock.packages[`${at === "" ? "" : `${at}/`}node_modules/${name}`];
    if (entry !== undefined || at === "" || !at.includes("/node_modules/")) {
      return entry ?? lock.packages[`node_modules/${name}`];
    }
  }
}

/** Entries that had to make way for another version in their folder; their dependents get them back beside themselves. */
const displaced = new Map();

function entryFor(name, version, parent) {
  const words = name.split(/[/-]/);
  const os = systems.find((system) => words.includes(system));
  const cpu = processors.find((processor) => words.includes(processor));
  if (os === undefined || cpu === undefined) return undefined;
  const libc = words.includes("musl") ? ["musl"] : words.includes("gnu") ? ["glibc"] : undefined;
  return {
    version,
    cpu: [cpu],
    ...(parent.dev === true || parent.devOptional === true ? { dev: true } : {}),
    ...(libc === undefined ? {} : { libc }),
    optional: true,
    os: [os],
  };
}

function completeOnce() {
  let added = 0;
  for (const [at, parent] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      if (!/^\d/.test(version) || found(at, name)?.version === version) continue;
      const entry = displaced.get(`${name}@${version}`) ?? entryFor(name, version, parent);
      if (entry === undefined) continue;
      const place = `${at.slice(0, at.lastIndexOf("node_modules/") + "node_modules/".length)}${name}`;
      const before = lock.packages[place];
      if (before !== undefined) displaced.set(`${name}@${before.version}`, before);
      lock.packages[place] = entry;
      added += 1;
    }
  }
  return added;
}

let added = 0;
for (let more = completeOnce(); more > 0; more = completeOnce()) added += more;
const [self, ...others] = Object.entries(lock.packages);
lock.packages = Object.fromEntries([self, ...others.toSorted(([a], [b]) => a.localeCompare(b, "en"))]);
writeFileSync(path, `${JSON.stringify(lock, undefined, 2)}\n`);
console.log(`${added} packages of other platforms added to package-lock.json`);
