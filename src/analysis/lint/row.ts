/** A file of rows; files are read in the order training, evaluation. */
export interface DataFile {
  readonly path: string;
  readonly role: "train" | "eval";
}

export type Shape =
  | "messages"
  | "prompt-completion"
  | "instruction"
  | "text"
  | "preference"
  | "unpaired-preference"
  | "tokenized"
  | "prompt"
  | "unknown";

export interface Message {
  /** `user`, `assistant`, `system`, `tool`; other words as they stand. */
  readonly role: string;
  readonly content: string;
  /** Calls of tools: such a message may have no text. */
  readonly hasCalls: boolean;
}

/** One row of a data set, as checks see it. */
export interface Row {
  readonly file: DataFile;
  /** From 1, in its file. */
  readonly index: number;
  /** From 1; where the row begins. */
  readonly line: number;
  readonly shape: Shape;
  readonly columns: readonly string[];
  /** Why it could not be read, e.g. "not JSON: ..."; everything else is then empty. */
  readonly broken: string | null;
  readonly messages: readonly Message[] | null;
  /** What comes before the answer: all turns but the last answer, the instruction, the prompt. */
  readonly prompt: string;
  /** The answer; of a preference row the chosen one; the text where there is only text. */
  readonly answer: string;
  readonly rejected: string | null;
  readonly inputIds: readonly number[] | null;
  readonly labels: readonly number[] | null;
  readonly attentionMask: readonly number[] | null;
  /** Tools that the row offers, as text: the same question with other tools is another question. */
  readonly tools: string;
  /** The whole row as text, for a row of unknown shape. */
  readonly whole: () => string;
}

interface Place {
  readonly file: DataFile;
  readonly index: number;
  readonly line: number;
}

type Fields = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const brokenRow = (place: Place, reason: string): Row => ({
  ...place,
  ...nothing,
  shape: "unknown",
  columns: [],
  broken: reason,
  whole: () => "",
});

const nothing = {
  broken: null,
  messages: null,
  prompt: "",
  answer: "",
  rejected: null,
  inputIds: null,
  labels: null,
  attentionMask: null,
  tools: "",
} as const;

/** A parsed row in whatever shape it has. */
export function readRow(place: Place, value: unknown): Row {
  if (!isRecord(value)) return brokenRow(place, `not an object with columns but ${nameOfKind(value)}`);
  const tools = value["tools"] === undefined ? "" : JSON.stringify(value["tools"]);
  const base: Base = { ...place, ...nothing, tools, columns: Object.keys(value), whole: () => JSON.stringify(value) };
  const ids = numbersOf(value["input_ids"]);
  if (ids !== null)
    return {
      ...base,
      shape: "tokenized",
      inputIds: ids,
      labels: numbersOf(value["labels"]),
      attentionMask: numbersOf(value["attention_mask"]),
    };
  if (value["chosen"] !== undefined && value["rejected"] !== undefined) return preference(base, value);
  const conversation =
    messagesOf(value["messages"]) ?? messagesOf(value["conversations"]) ?? messagesOf(value["conversation"]);
  if (conversation !== null) {
    const system = textOf(value["system"]);
    const messages =
      system === "" ? conversation : [{ role: "system", content: system, hasCalls: false }, ...conversation];
    return { ...base, shape: "messages", messages, ...splitTurns(messages) };
  }
  if (value["prompt"] !== undefined && (value["completion"] !== undefined || value["response"] !== undefined)) {
    const completion = value["completion"] ?? value["response"];
    const messages = [...(messagesOf(value["prompt"]) ?? []), ...(messagesOf(completion) ?? [])];
    return {
      ...base,
      shape: typeof value["label"] === "boolean" ? "unpaired-preference" : "prompt-completion",
      messages: messages.length === 0 ? null : messages,
      prompt: textOf(value["prompt"]),
      answer: textOf(completion),
    };
  }
  if (value["instruction"] !== undefined && (value["output"] !== undefined || value["response"] !== undefined)) {
    const parts = [value["system"], value["instruction"], value["input"] ?? value["context"]].map(textOf);
    return {
      ...base,
      shape: "instruction",
      prompt: parts.filter((part) => part !== "").join("\n"),
      answer: textOf(value["output"] ?? value["response"]),
    };
  }
  if (typeof value["text"] === "string") return { ...base, shape: "text", answer: value["text"] };
  if (value["prompt"] !== undefined)
    return { ...base, shape: "prompt", messages: messagesOf(value["prompt"]), prompt: textOf(value["prompt"]) };
  return { ...base, shape: "unknown" };
}

type Base = Place &
  Omit<typeof nothing, "tools"> & {
    readonly tools: string;
    readonly columns: readonly string[];
    readonly whole: () => string;
  };

function preference(base: Base, value: Fields): Row {
  const chosen = messagesOf(value["chosen"]);
  const rejected = messagesOf(value["rejected"]);
  const before = messagesOf(value["conversations"]);
  const prompt =
    before === null ? textOf(value["prompt"] ?? value["instruction"]) : before.map(({ content }) => content).join("\n");
  if (chosen === null || rejected === null)
    return {
      ...base,
      shape: "preference",
      prompt,
      answer: textOf(value["chosen"]),
      rejected: textOf(value["rejected"]),
    };
  const good = splitTurns(chosen);
  return {
    ...base,
    shape: "preference",
    prompt: prompt === "" ? good.prompt : prompt,
    answer: good.answer,
    rejected: splitTurns(rejected).answer,
  };
}

function splitTurns(messages: readonly Message[]): { prompt: string; answer: string } {
  let last = messages.length - 1;
  while (last >= 0 && messages[last]?.role !== "assistant") last -= 1;
  const join = (part: readonly Message[]): string => part.map(({ content }) => content).join("\n");
  if (last < 0) return { prompt: join(messages), answer: "" };
  return { prompt: join(messages.slice(0, last)), answer: messages[last]?.content ?? "" };
}

/** ShareGPT's words, and Google's, for the same four roles. */
const roles: ReadonlyMap<string, string> = new Map([
  ["human", "user"],
  ["user", "user"],
  ["gpt", "assistant"],
  ["chatgpt", "assistant"],
  ["assistant", "assistant"],
  ["model", "assistant"],
  ["bot", "assistant"],
  ["system", "system"],
  ["developer", "system"],
  ["tool", "tool"],
  ["ipython", "tool"],
  ["observation", "tool"],
  ["function_response", "tool"],
  ["function", "tool"],
  ["function_call", "assistant"],
]);

/** Undefined roles become "", so that a check can say so. Null: this is no list of messages. */
function messagesOf(value: unknown): Message[] | null {
  if (isRecord(value) && (value["role"] !== undefined || value["from"] !== undefined)) return messagesOf([value]);
  if (!Array.isArray(value) || value.length === 0 || !value.every(isRecord)) return null;
  return value.map((each) => {
    const given = each["role"] ?? each["from"];
    const said = typeof given === "string" ? given : "";
    return {
      role: roles.get(said.toLowerCase()) ?? said,
      content: textOf(each["content"] ?? each["value"]),
      hasCalls:
        each["tool_calls"] !== undefined || each["function_call"] !== undefined || each["thinking"] !== undefined,
    };
  });
}

/** Text of a string, of a list of messages or of parts; images count as a word. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(textOf).join("\n");
  if (isRecord(value)) {
    const inner = value["content"] ?? value["value"] ?? value["text"];
    return inner === undefined ? (value["type"] === undefined ? JSON.stringify(value) : "<part>") : textOf(inner);
  }
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

function numbersOf(value: unknown): readonly number[] | null {
  return Array.isArray(value) && value.every((item) => typeof item === "number") ? value : null;
}

function nameOfKind(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
