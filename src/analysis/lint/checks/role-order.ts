import type { LintDraft } from "../check.ts";
import { defineCheck, doThis } from "../check.ts";
import type { Message } from "../row.ts";
import { shareText, Tally } from "../tally.ts";

const source = "https://huggingface.co/docs/transformers/chat_templating";

const faults = {
  "unknown role": "have a role that no template knows",
  "no answer": "have no turn of the assistant, so that nothing in them is learned",
  "system inside": "have a system message after the first turn",
  "assistant first": "begin with the assistant",
  "same twice": "have two turns of the same role in a row",
  "question last": "end with a question that is not answered",
} as const;
type Fault = keyof typeof faults;

/** Real conversations contain odd ones; a twentieth of all rows is a fault of the conversion. */
const manyShare = 0.05;

export const roleOrder = defineCheck({
  id: "role-order",
  title: "Roles are out of order",
  why: "Templates of Llama, Mistral and Gemma refuse such rows; others train on turns that no conversation has.",
  source,
  begin({ tokenizer }) {
    const tallies = new Map<Fault, Tally>();
    let rows = 0;
    let named = "";
    return {
      row(row) {
        // Only whole conversations; prompts rightly end with the question.
        if (row.shape !== "messages" || row.messages === null) return;
        rows += 1;
        const fault = faultOf(row.messages);
        if (fault === undefined) return;
        if (fault.kind === "unknown role" && named === "") named = fault.role;
        const tally = tallies.get(fault.kind) ?? new Tally();
        tally.add(row);
        tallies.set(fault.kind, tally);
      },
      end() {
        if (rows === 0) return { missing: ["conversations"] };
        const refuses = tokenizer?.chatTemplate?.includes("raise_exception") === true;
        return [...tallies].flatMap(([kind, tally]): LintDraft[] => {
          const isMany = tally.count >= rows * manyShare;
          const isFatal = tally.count === rows && (kind === "no answer" || kind === "unknown role");
          // Single odd rows are normal where the template takes them.
          if (!isMany && !refuses && kind !== "unknown role" && tally.count < 2) return [];
          return [
            {
              severity: isFatal ? "error" : isMany || kind === "unknown role" ? "warning" : "info",
              message: `${shareText(tally.count, rows, "conversation")} ${faults[kind]}${kind === "unknown role" ? ` ("${named}")` : ""}.${refuses ? " The chat template raises an exception at what it does not expect." : ""}`,
              where: tally.where,
              also: tally.also,
              advice: [
                doThis(
                  "repair-roles",
                  "Repair or remove these conversations: system first if at all, then user and assistant in turn, the assistant last.",
                  "Every conversation ends with an answer that is learned.",
                  source,
                ),
              ],
            },
          ];
        });
      },
    };
  },
});

const usual = ["system", "user", "assistant", "tool"];

function faultOf(messages: readonly Message[]): { kind: Fault; role: string } | undefined {
  const fault = (kind: Fault, role = ""): { kind: Fault; role: string } => ({ kind, role });
  const strange = messages.find(({ role }) => !usual.includes(role));
  if (strange !== undefined) return fault("unknown role", strange.role);
  if (!messages.some(({ role }) => role === "assistant")) return fault("no answer");
  const turns = messages[0]?.role === "system" ? messages.slice(1) : messages;
  if (turns.some(({ role }) => role === "system")) return fault("system inside");
  if (turns[0]?.role === "assistant") return fault("assistant first");
  for (let i = 1; i < turns.length; i += 1) {
    const before = turns[i - 1];
    const turn = turns[i];
    // Tools may be called and answer several times.
    if (before?.role === turn?.role && turn?.role !== "tool" && before?.hasCalls !== true && turn?.hasCalls !== true)
      return fault("same twice");
  }
  return turns[turns.length - 1]?.role === "user" ? fault("question last") : undefined;
}
