import { describe, expect, test } from "vitest";
import type { Example } from "../../model/example.ts";
import { joinReferences } from "./join-references.ts";
import { read } from "./read.fixture.ts";

describe("references from a file of their own", () => {
  const answers = read('{"q1": "Paris", "q3": "Rome"}\n').examples;
  const squad = read(
    JSON.stringify({
      version: "2.0",
      data: [
        {
          title: "t",
          paragraphs: [
            {
              context: "c",
              qas: [
                {
                  id: "q1",
                  question: "Capital?",
                  answers: [
                    { text: "Paris", answer_start: 0 },
                    { text: "the city of Paris", answer_start: 2 },
                  ],
                  is_impossible: false,
                },
                { id: "q2", question: "Why?", answers: [], is_impossible: true },
                { id: "q3", question: "Which?", answers: [{ text: "Rome", answer_start: 1 }], is_impossible: false },
              ],
            },
          ],
        },
      ],
    }),
  ).examples;

  test("SQuAD's by id; a question without an answer of the system is kept", () => {
    const joined = joinReferences(answers, squad);
    expect(
      joined?.examples.map(({ id, prediction, references, input }) => [id, input, prediction, references]),
    ).toEqual([
      ["q1", "Capital?", "Paris", ["Paris", "the city of Paris"]],
      ["q3", "Which?", "Rome", ["Rome"]],
      ["q2", "Why?", null, [""]],
    ]);
  });

  test("line by line, and never where the numbers of lines differ", () => {
    const lines = (text: string): readonly Example[] => read(text, { name: "x.txt" }).examples;
    expect(joinReferences(lines("a\nb\n"), lines("A\nB\n"))?.examples.map(({ references }) => references)).toEqual([
      ["A"],
      ["B"],
    ]);
    expect(joinReferences(lines("a\nb\n"), lines("A\nB\nC\n"))).toBeNull();
  });
});
