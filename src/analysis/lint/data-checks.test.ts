import { expect, test } from "vitest";
import { outcomeOf, times, type CheckCase } from "./lint.fixture.ts";

const chat = (i: number, ...more: { role: string; content: string }[]) => ({
  messages: [
    { role: "user", content: `What is the square of ${i}, and why?` },
    { role: "assistant", content: `It is ${i * i}, since it is ${i} times itself.` },
    ...more,
  ],
});
const chats = times(40, (i) => chat(i));
const pair = (i: number) => ({
  prompt: `Say ${i} in words, in a whole sentence.`,
  completion: `The number is ${i} in words.`,
});
/** bos 1, eos 2, pad 0 as in Llama 2. */
const tokens = (i: number, end: readonly number[] = [2]) => ({
  input_ids: [1, 5, 6 + i, 9, ...end],
  labels: [-100, -100, 6 + i, 9, ...end],
  attention_mask: [1, 1, 1, 1, ...end.map(() => 1)],
});
const llama2 = {
  config: {
    bos_token: "<s>",
    eos_token: "</s>",
    pad_token: "<pad>",
    add_bos_token: true,
    added_tokens_decoder: { 0: { content: "<pad>" }, 1: { content: "<s>" }, 2: { content: "</s>" } },
  },
};
const template = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}";
const qwen = (more: object = {}, ends?: number[]) => ({
  config: {
    eos_token: "<|endoftext|>",
    chat_template: template,
    added_tokens_decoder: { 7: { content: "<|endoftext|>" }, 8: { content: "<|im_end|>" } },
    ...more,
  },
  ...(ends === undefined ? {} : { generation: { eos_token_id: ends } }),
});
const script = (text: string) => ({ origin: "script", text }) as const;

const cases: readonly CheckCase[] = [
  {
    check: "broken-rows",
    fires: { rows: [...chats, 5] },
    severity: "error",
    says: /1 of 41 rows \(2\.4%\) cannot be read. The first: not an object/,
    innocent: { rows: chats },
    missing: { config: {} },
  },
  {
    check: "mixed-shapes",
    fires: { rows: [...chats, { text: "Only text." }] },
    severity: "warning",
    says: /not of the shape messages; the first is text/,
    // Columns beside the shape do not matter.
    innocent: { rows: [...chats, { ...chat(90), id: 7 }] },
    missing: { config: {} },
  },
  {
    check: "empty-answers",
    fires: { rows: [...times(20, pair), { prompt: "And now?", completion: " " }] },
    severity: "warning",
    says: /1 of 21 rows/,
    innocent: { rows: times(20, pair) },
    missing: { rows: times(3, (i) => tokens(i)) },
  },
  {
    check: "role-order",
    fires: { rows: times(20, (i) => chat(i, { role: "assistant", content: "Also." })) },
    severity: "warning",
    says: /two turns of the same role in a row/,
    // Tools answer between two turns of the assistant.
    innocent: {
      rows: times(20, (i) => ({
        messages: [
          { role: "system", content: "Use tools." },
          { role: "user", content: `Q ${i}` },
          { role: "assistant", content: "", tool_calls: [{}] },
          { role: "tool", content: "4" },
          { role: "assistant", content: "It is 4." },
        ],
      })),
    },
    missing: { rows: times(3, pair) },
  },
  {
    check: "role-order",
    fires: { rows: times(5, (i) => ({ messages: [{ role: "user", content: `Q ${i}` }] })) },
    severity: "error",
    says: /no turn of the assistant/,
    innocent: {
      rows: times(5, (i) => ({
        conversations: [
          { from: "human", value: `Q ${i}` },
          { from: "gpt", value: "A" },
        ],
      })),
    },
  },
  {
    check: "templated-content",
    fires: {
      rows: times(20, (i) => ({
        messages: [
          { role: "user", content: `<|im_start|>user\nQ ${i}` },
          { role: "assistant", content: "A" },
        ],
      })),
    },
    severity: "warning",
    says: /control tokens such as <\|im_start\|>/,
    // One row that explains ChatML.
    innocent: {
      rows: [
        ...chats,
        chat(
          50,
          { role: "user", content: "What does <|im_start|> mean?" },
          { role: "assistant", content: "A turn begins." },
        ),
      ],
    },
    missing: { rows: times(3, pair) },
  },
  {
    check: "identical-pairs",
    fires: { rows: times(10, (i) => ({ prompt: `Q ${i}`, chosen: "Yes.", rejected: i < 3 ? "Yes. " : "No." })) },
    severity: "warning",
    says: /3 of 10 rows/,
    innocent: { rows: times(10, (i) => ({ prompt: `Q ${i}`, chosen: "Yes.", rejected: "yes" })) },
    missing: { rows: chats },
  },
  {
    check: "duplicated-rows",
    fires: { rows: [...chats, ...chats.slice(0, 4)] },
    severity: "warning",
    says: /4 of 44 rows \(9\.1%\) repeat an earlier row, word for word/,
    // The same answer to another question is no duplicate.
    innocent: {
      rows: times(40, (i) => ({ instruction: "Is it positive?", input: `Review ${i}`, output: "positive" })),
    },
    missing: { config: {} },
  },
  {
    check: "train-eval-overlap",
    fires: {
      rows: chats,
      evalRows: [
        {
          messages: [
            { role: "user", content: "what is the  square of 3 and why" },
            { role: "assistant", content: "It is 9, since it is 3 times itself" },
          ],
        },
        ...times(4, (i) => chat(i + 100)),
      ],
    },
    severity: "error",
    says: /1 of 5 evaluation rows \(20%\)/,
    innocent: { rows: chats, evalRows: times(10, (i) => chat(i + 100)) },
    missing: { rows: chats },
  },
  {
    check: "truncated-rows",
    fires: {
      maxLength: 64,
      rows: times(20, (i) => ({ text: `Row ${i}. ${i < 5 ? "A long sentence follows here. ".repeat(20) : "Short."}` })),
    },
    severity: "warning",
    says: /About 5 of 20 rows \(25%\) are longer than 64 tokens/,
    // 10% above the limit by estimate could be below it in tokens.
    innocent: { maxLength: 64, rows: times(20, () => ({ text: "x".repeat(280) })) },
    missing: { rows: chats },
  },
  {
    check: "all-labels-masked",
    fires: { rows: times(10, (i) => ({ ...tokens(i), labels: [-100, -100, -100, -100, -100] })) },
    severity: "error",
    says: /10 of 10 rows \(100%\) are -100: the text that marks the answer/,
    innocent: { rows: times(10, (i) => tokens(i)) },
    missing: { rows: chats },
  },
  {
    check: "eos-never-trained",
    fires: { rows: times(10, (i) => ({ ...tokens(i), labels: [-100, -100, 6 + i, 9, -100] })), tokenizer: llama2 },
    severity: "error",
    says: /No training row of 10 has an end token \(id 2\).*masked there/,
    innocent: { rows: times(10, (i) => tokens(i)), tokenizer: llama2 },
    missing: { rows: times(10, (i) => tokens(i)) },
  },
  {
    check: "eos-never-trained",
    fires: {
      rows: chats,
      tokenizer: {
        config: {
          eos_token: "</s>",
          chat_template: "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}",
        },
      },
    },
    severity: "error",
    says: /ends no turn/,
    innocent: { rows: chats, tokenizer: qwen() },
  },
  {
    check: "turn-end-is-not-eos",
    fires: { rows: chats, tokenizer: qwen() },
    severity: "warning",
    says: /ends turns with <\|im_end\|>, but eos_token is <\|endoftext\|>/,
    // Generation stops at both.
    innocent: { rows: chats, tokenizer: qwen({}, [7, 8]) },
    missing: { rows: chats },
  },
  {
    check: "double-bos",
    fires: { rows: times(10, (i) => ({ input_ids: [1, 1, 6 + i, 2] })), tokenizer: llama2 },
    severity: "error",
    says: /10 of 10 rows \(100%\) begin with <s> twice \(id 1\)/,
    // Left padding with the begin token is not attended.
    innocent: {
      rows: times(10, (i) => ({ input_ids: [1, 1, 6 + i, 2], attention_mask: [0, 1, 1, 1] })),
      tokenizer: llama2,
    },
    missing: { rows: chats },
  },
  {
    check: "double-bos",
    fires: { rows: times(10, (i) => ({ text: `<s>[INST] ${i} [/INST] yes</s>` })), tokenizer: llama2 },
    severity: "warning",
    says: /the tokenizer puts another one in front/,
    innocent: {
      rows: times(10, (i) => ({ text: `<s>[INST] ${i} [/INST] yes</s>` })),
      tokenizer: { config: { ...llama2.config, add_bos_token: false } },
    },
  },
  {
    check: "unequal-lengths",
    fires: { rows: [{ input_ids: [1, 2, 3], labels: [-100, 2], attention_mask: [1, 1, 1] }] },
    severity: "error",
    says: /different lengths/,
    // An encoder-decoder's target has a length of its own.
    innocent: { rows: [{ input_ids: [1, 2, 3], labels: [4, 5], attention_mask: [1, 1, 1] }] },
    missing: { rows: [{ input_ids: [1, 2] }] },
  },
  {
    check: "padding-in-labels",
    fires: { rows: times(4, () => ({ input_ids: [1, 5, 0, 0], labels: [1, 5, 0, 0], attention_mask: [1, 1, 0, 0] })) },
    severity: "error",
    says: /4 of 4 rows/,
    innocent: {
      rows: times(4, () => ({ input_ids: [1, 5, 0, 0], labels: [1, 5, -100, -100], attention_mask: [1, 1, 0, 0] })),
    },
    missing: { rows: chats },
  },
  {
    check: "token-out-of-range",
    fires: { rows: [tokens(500)], tokenizer: { ...llama2, tokenizer: { model: { vocab: { a: 99 } } } } },
    severity: "error",
    says: /506, of 100 ids/,
    innocent: { rows: [tokens(50)], tokenizer: { ...llama2, tokenizer: { model: { vocab: { a: 99 } } } } },
    missing: { rows: [tokens(50)] },
  },
  {
    check: "response-template-missing",
    fires: {
      config: { response_template: "### Answer:" },
      rows: times(5, (i) => ({ text: `### Question: ${i}\n### Response: ${i}` })),
    },
    severity: "error",
    says: /every label will be masked/,
    innocent: {
      config: { response_template: "### Response:" },
      rows: times(5, (i) => ({ text: `### Question: ${i}\n### Response: ${i}` })),
    },
    missing: { rows: chats },
  },
  {
    check: "padding-is-eos",
    fires: {
      config: {},
      source: script(
        "from transformers import DataCollatorForLanguageModeling\ntokenizer.pad_token = tokenizer.eos_token\nc = DataCollatorForLanguageModeling(tokenizer, mlm=False)",
      ),
    },
    severity: "warning",
    says: /the end is never learned/,
    // TRL's collator of that name masks by attention.
    innocent: {
      config: {},
      source: script(
        "from trl.trainer import DataCollatorForLanguageModeling\ntokenizer.pad_token = tokenizer.eos_token\nc = DataCollatorForLanguageModeling(pad_token_id=0, mlm=False)",
      ),
    },
    missing: { config: {} },
  },
  {
    check: "chat-template-missing",
    fires: { rows: chats, tokenizer: llama2, config: { learning_rate: 1e-4 } },
    severity: "error",
    says: /neither the tokenizer nor the configuration/,
    innocent: { rows: chats, tokenizer: llama2, dialect: "axolotl", config: { chat_template: "chatml" } },
    missing: { rows: chats },
  },
  {
    check: "unmarked-answers",
    fires: { config: { assistant_only_loss: true }, tokenizer: qwen() },
    severity: "warning",
    says: /no {% generation %} block/,
    innocent: {
      config: { assistant_only_loss: true },
      tokenizer: qwen({ chat_template: `${template}{% generation %}{% endgeneration %}` }),
    },
    missing: { config: {}, tokenizer: qwen() },
  },
  {
    check: "length-above-model",
    fires: { config: { max_length: 4096 }, tokenizer: { config: { model_max_length: 512 } } },
    severity: "warning",
    says: /4096 tokens \(max_length\); the tokenizer's model_max_length is 512/,
    innocent: { config: { max_length: 4096 }, tokenizer: { config: { model_max_length: 8192 } } },
    missing: { config: { max_length: 4096 }, tokenizer: { config: { model_max_length: 1e30 } } },
  },
];

test.each(cases)(
  "$check: fires, is silent on the nearest innocent, and says what it misses",
  ({ check, fires, severity, says, innocent, missing }) => {
    const found = outcomeOf(check, fires);
    expect(found).toMatchObject([{ severity }]);
    if (!Array.isArray(found)) return;
    expect(found[0]?.message).toMatch(says);
    expect(outcomeOf(check, innocent)).toBe("clean");
    if (missing !== undefined) expect(outcomeOf(check, missing)).toHaveProperty("missing");
  },
);

test("answers that are cut off entirely are said apart", () => {
  const rows = times(10, (i) => ({ prompt: `${i} is a number, and so on. `.repeat(30), completion: "Yes." }));
  const found = outcomeOf("truncated-rows", { maxLength: 64, rows });
  expect(found).toMatchObject([
    { title: "Rows are longer than the maximum length" },
    { title: "Answers are cut off entirely", where: { file: "train.jsonl", row: 1, line: 1 } },
  ]);
});

test("a limit that nobody set is the trainer's own", () => {
  const long = times(10, (i) => ({ text: `${i} word `.repeat(1500) }));
  expect(outcomeOf("truncated-rows", { config: { dataset_name: "d" }, rows: long })).toMatchObject([
    { message: expect.stringContaining("max_length is not set, so 1024") },
  ]);
  expect(outcomeOf("truncated-rows", { config: { dataset_name: "d", max_length: null }, rows: long })).toHaveProperty(
    "missing",
  );
});

test("blocks of continued text need no end token in each", () => {
  const blocks = times(60, (i) => ({ input_ids: [5, 6 + (i % 40), i === 3 ? 2 : 9] }));
  expect(outcomeOf("eos-never-trained", { rows: blocks, tokenizer: llama2 })).toBe("clean");
});

test("sums and code that differ by an operator are different rows", () => {
  const rows = times(40, (i) => ({ prompt: `What is ${i >> 2}${"+-*/"[i % 4]}3?`, completion: "f(x[1], 3.4)" }));
  expect(outcomeOf("duplicated-rows", { rows })).toBe("clean");
  const again = [
    ...rows,
    ...times(8, (i) => ({ prompt: `what is  ${i >> 2}${"+-*/"[i % 4]}3`, completion: "F(x[1], 3.4)." })),
  ];
  expect(outcomeOf("duplicated-rows", { rows: again })).toMatchObject([
    { message: expect.stringContaining("but for case, spaces and punctuation") },
  ]);
});
