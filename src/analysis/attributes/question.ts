import { defineAttribute } from "../attribute.ts";
import { categories, present } from "../texts/values.ts";
import { wordsOfAll } from "../texts/words.ts";

const asking: ReadonlyMap<string, string> = new Map(
  Object.entries({
    who: "who whom whose wer wem wen qui quien qui\u00e9n chi quem wie",
    what: "what was quoi quel quelle qu\u00e9 que cosa wat",
    when: "when wann quand cu\u00e1ndo quando wanneer",
    where: "where wo wohin woher o\u00f9 d\u00f3nde dove onde waar",
    why: "why warum wieso weshalb pourquoi perch\u00e9 waarom",
    which: "which welche welcher welches cu\u00e1l quale qual welke",
    how: "how comment c\u00f3mo come como hoe",
  }).flatMap(([kind, words]) => words.split(" ").map((word) => [word, kind] as const)),
);
const amounts = new Set("many much viele viel long far old often tall big".split(" "));
/** Words that begin a question to be answered by yes or no. */
const inverted = new Set(
  "is are was were do does did can could will would has have had should may ist sind hat haben kann est-ce".split(" "),
);

/** What is asked for; "none" where there is no question. */
function questionOf(text: string, words: readonly string[]): string {
  const first = words[0] ?? "";
  const isAsked = /[?\uff1f]/u.test(text);
  const place = words.findIndex((word) => asking.has(word));
  // "was" begins a question in German and is a verb in the middle of an English one.
  if (place !== -1 && (isAsked || place === 0) && !(words[place] === "was" && words.includes("the"))) {
    const kind = asking.get(words[place] ?? "") ?? "other";
    return kind === "how" && amounts.has(words[place + 1] ?? "") ? "how many or much" : kind;
  }
  if (!isAsked) return "none";
  return inverted.has(first) ? "yes or no" : "other";
}

export const question = defineAttribute({
  id: "question",
  of: "input",
  tasks: ["classification", "multilabel", "translation", "summarization", "question-answering", "generation"],
  read: (examples) => {
    const words = wordsOfAll(examples, "input");
    return present([
      "question of the input",
      categories(examples, ({ input }, index) => (input === null ? null : questionOf(input, words[index] ?? []))),
    ]);
  },
});
