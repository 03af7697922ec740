import type { Example } from "../../model/example.ts";
import { counted, defineDataCheck, short, shown } from "../data-check.ts";

/**
 * UTF-8 that was read as Windows-1252 or Latin-1: "é" becomes "Ã©", "’" becomes "â€™", "°" becomes "Â°". The second
 * character is what bytes 0x80 to 0xBF are there; in real words none of it follows a capital Ã, Â or â.
 */
const misread =
  /[\u00c2\u00c3][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]|\u00e2\u20ac|\u00ef\u00bf\u00bd/;
const damaged = (text: string): boolean => text.includes("\ufffd") || misread.test(text);

export const damagedText = defineDataCheck({
  id: "damaged-text",
  look(examples) {
    const fields = [
      ["input", ({ input }: Example): string => input ?? ""],
      ["right answer", ({ references }: Example): string => references.join("\n")],
      [
        "prediction",
        ({ prediction }: Example): string =>
          typeof prediction === "string" ? prediction : (prediction ?? []).join("\n"),
      ],
    ] as const;
    const places = new Map<string, Example[]>();
    for (const [name, textOf] of fields) {
      const found = examples.filter((example) => damaged(textOf(example)));
      if (found.length > 0) places.set(name, found);
    }
    const all = [...new Set([...places.values()].flat())];
    if (all.length === 0) return null;
    const where = [...places]
      .map(([name, found]) => `${found.length.toLocaleString("en-US")} in the ${name}`)
      .join(", ");
    return {
      severity: all.length >= examples.length * 0.01 ? "error" : "warning",
      title: `${counted(all.length, "example")} with damaged characters`,
      message: `Text was read in the wrong encoding ("Ã©" in place of "é", or "\ufffd"): ${where}. Every metric of texts counts these characters as wrong.`,
      count: all.length,
      examples: shown(all, (example) => {
        const [name, textOf] = fields.find(([field]) => places.get(field)?.includes(example) === true) ?? fields[0];
        return `${name}: "${short(around(textOf(example)))}"`;
      }),
      advice:
        'Read and write the files as UTF-8 (Python: open(path, encoding="utf-8")), and make the damaged ones again from their source.',
    };
  },
});

function around(text: string): string {
  const at = text.includes("\ufffd") ? text.indexOf("\ufffd") : Math.max(0, text.search(misread));
  return text.slice(Math.max(0, at - 20), at + 30);
}
