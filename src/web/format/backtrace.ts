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
      const bad = isBad(key ?? "", value);
      // No number lost is what the other modules say by being there.
      if (bad || (key !== "nan" && key !== "inf" && key !== "of"))
        facts.push({ of, text: factText(key ?? "", value), bad });
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

const factText = (key: string, value: string): string =>
  key === "finite" && /^(true|false)$/i.test(value)
    ? value.toLowerCase() === "true"
      ? "finite"
      : "not finite"
    : `${key.replaceAll("_", " ")} ${value}`;

const passes: Readonly<Record<string, string>> = {
  forward: "in the forward pass",
  backward: "in the backward pass",
  optimizer: "in the optimizer's step",
};

/** What the record says of the first bad tensor, in sentences; undefined when it says something else. A dash is nothing. */
export function readFirstTensor(message: string): string | undefined {
  const facts = new Map(
    [...message.matchAll(/\b([a-z_]+)=(\S+)/g)].flatMap(([, key = "", value = ""]) =>
      value === "-" ? [] : [[key, value] as const],
    ),
  );
  const [tensor, layer, of, className, producer] = ["tensor", "layer", "of", "class", "producer"].map((key) =>
    facts.get(key),
  );
  const pass = passes[facts.get("phase") ?? ""];
  if (tensor === undefined || layer === undefined || pass === undefined) return undefined;
  const lost = (["nan", "inf"] as const).flatMap((key) => {
    const count = facts.get(key);
    return count === undefined || count === "0" ? [] : [`${count} ${key === "nan" ? "NaN" : "infinite"}`];
  });
  const amount = lost.length === 0 ? "" : `: ${lost.join(" and ")}${of === undefined ? "" : ` of ${of} numbers`}`;
  return [
    `The ${tensor} of ${layer}${className === undefined ? "" : ` (${className})`} ${pass}${amount}.`,
    facts.get("input_finite") === "true" && `What went in was finite, at most ${facts.get("input_abs_max") ?? "?"}.`,
    producer !== undefined && `It came from ${producer}.`,
  ]
    .filter((part) => part !== false)
    .join(" ");
}

function isBad(key: string, value: string): boolean {
  if (key === "nan" || key === "inf") return value !== "0";
  if (key === "finite") {
    const [finite, of] = value.split("/");
    return value.toLowerCase() === "false" || (of !== undefined && finite !== of);
  }
  return /^[+-]?(nan|inf(inity)?)$/i.test(value);
}
