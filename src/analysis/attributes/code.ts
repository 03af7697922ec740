import { defineAttribute } from "../attribute.ts";
import { flagOfText, present } from "../texts/values.ts";

const program =
  /```|[;{}]\s*\n|=>|==|\b(?:def|class|function|import|return|const|let|var|public|void|SELECT)\s+\w+\s*[(:;={]|\w\(\w*\);|\w\.\w+\(/u;
const link = /https?:\/\/|\bwww\.\w|[\w.+-]@\w[\w-]*\.\w|(?<!\S)[@#]\w/u;
const markup = /<\/?[a-z][^<>]*>|&[a-z]+;|\*\*\S|^#{1,6} |\[[^\]]+\]\(|\\[a-z]+\{/imu;

export const code = defineAttribute({
  id: "code",
  of: "input",
  tasks: ["classification", "multilabel", "translation", "summarization", "question-answering", "generation"],
  read: (examples) =>
    present(
      ["code in the input", flagOfText(examples, "input", (text) => program.test(text))],
      ["link or address in the input", flagOfText(examples, "input", (text) => link.test(text))],
      ["markup in the input", flagOfText(examples, "input", (text) => markup.test(text))],
      ["emoji in the input", flagOfText(examples, "input", (text) => /\p{Extended_Pictographic}/u.test(text))],
    ),
});
