import { cpus, hostname, platform, release, totalmem, userInfo } from "node:os";

const secret = /(token|secret|passw|api[-_]?key|credential)/i;

/** What was run and where: text for people. */
export const environment = (): Record<string, unknown> => ({
  command: command(process.argv),
  cwd: process.cwd(),
  host: hostname(),
  ...user(),
  platform: `${platform()} ${release()}`,
  cpus: cpus().length,
  memoryBytes: totalmem(),
  packages: { node: process.versions.node },
});

function user(): { user?: string } {
  try {
    return { user: userInfo().username };
  } catch {
    // A container may run as a user without a name.
    return {};
  }
}

/** With the values of what looks like a secret hidden. */
export function command(argv: readonly string[]): string[] {
  return argv.map((part, i) => {
    const equals = part.indexOf("=");
    if (equals !== -1 && secret.test(part.slice(0, equals))) return `${part.slice(0, equals)}=***`;
    const before = argv[i - 1] ?? "";
    const isValue = before.startsWith("-") && !before.includes("=") && secret.test(before) && !part.startsWith("-");
    return isValue ? "***" : part;
  });
}
