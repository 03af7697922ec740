/** One module of the way to a tensor that is not finite, as `llmdbg.watch` writes it: `#3 path (Class) input abs_max=..`. */
export interface Frame {
  readonly path: string;
  readonly className: string;
  /** `input abs_max 3.2` and the like, in the order of the line. */
  readonly facts: readonly { readonly of: string; readonly text: string; readonly bad: boolean }[];
  readonly bad: boolean;
  /** It had not answered yet: the bad number was made inside it. */
  readonly running: boolean;
}

const line = /^#\d+ (\S*) ?\(([^)]*)\)\s*(.*)$/;

/** Frames in the order of the text, innermost last; empty when it is another text. */
export function readBacktrace(text: string): Frame[] {
  return text.split("\n").flatMap((one): Frame[] => {
    const [, path, className = "", rest = ""] = line.exec(one.trim()) ?? [];
    if (path === undefined) return [];
    const facts: { of: string; text: string; bad: boolean }[] = [];
    let of = "";
    for (const word of rest.split(/\s+/)) {
      if (word === "") continue;
      const [key, value] = word.split("=");
      if (value === undefined) {
        of = word;
        continue;
      }
      facts.push({ of, text: `${(key ?? "").replaceAll("_", " ")} ${value}`, bad: isBad(key ?? "", value) });
    }
    return [
      {
        path: path === "" ? "(the model)" : path,
        className,
        facts,
        bad: facts.some((fact) => fact.bad),
        running: of === "running",
      },
    ];
  });
}

function isBad(key: string, value: string): boolean {
  if (key === "nan" || key === "inf") return value !== "0";
  if (key === "finite") {
    const [finite, of] = value.split("/");
    return value.toLowerCase() === "false" || (of !== undefined && finite !== of);
  }
  return /^[+-]?(nan|inf(inity)?)$/i.test(value);
}
