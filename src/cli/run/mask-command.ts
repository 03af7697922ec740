import { isSecret } from "../../ingest/index.ts";

/** A command line as it may be kept: values of options whose names say that they are secret are `***`. */
export function maskCommand(argv: readonly string[]): string[] {
  return argv.map((word, i) => {
    const assigned = /^(-{0,2}[\w.-]+)=(.*)$/s.exec(word);
    if (assigned?.[1] !== undefined && isSecret(assigned[1].replace(/^-+/, ""))) return `${assigned[1]}=***`;
    const before = argv[i - 1] ?? "";
    if (
      /^--?[A-Za-z]/.test(before) &&
      !before.includes("=") &&
      !word.startsWith("-") &&
      isSecret(before.replace(/^-+/, ""))
    )
      return "***";
    return word;
  });
}
