/** The names that programs give to the fields of a row of predictions. */
import { isFields, type Fields } from "./row.ts";

export type Role =
  | "id"
  | "input"
  | "prediction"
  | "reference"
  | "scores"
  | "log probabilities"
  | "latency"
  | "output tokens"
  | "group"
  | "task";

/**
 * In the order in which roles choose, and for each in the order of trust. A word that one program uses for the answer and
 * another for the right answer (`output`, `answer`, `text`) stands late, so that a plainer name wins.
 */
const names: readonly (readonly [Role, readonly string[]])[] = [
  [
    "prediction",
    [
      ..."prediction predictions predict predicted pred preds predicted_label predicted_labels predicted_class".split(
        " ",
      ),
      ..."pred_label pred_labels predicted_answer prediction_text pred_text y_pred yhat y_hat".split(" "),
      ..."hypothesis hypotheses hyp hyps model_output model_outputs model_answer model_response model_prediction".split(
        " ",
      ),
      ..."generated_text generated generated_answer generated_summary generation generations completion".split(" "),
      ..."completions system system_output mt response responses asr transcription_pred output outputs".split(" "),
      ..."model_completion result predicted_text llm_output llm_response actual_output actual".split(" "),
    ],
  ],
  [
    "reference",
    [
      ..."references reference refs ref gold golds gold_label gold_labels gold_answer gold_answers golden".split(" "),
      ..."ground_truth ground_truths groundtruth truth true_label true_labels label labels class y_true y".split(" "),
      ..."target targets expected expected_output expected_answer expected_response ideal".split(" "),
      ..."correct_answer correct_answers answers answer reference_answer reference_summary solution".split(" "),
      ..."summary highlights translation transcript transcription tgt output response completion".split(" "),
    ],
  ],
  [
    "input",
    [
      ..."input inputs source src question prompt query instruction user_input text sentence premise".split(" "),
      ..."document article dialogue passage content review title context messages image audio file url".split(" "),
    ],
  ],
  [
    "id",
    "id example_id sample_id uid guid uuid qid question_id query_id task_id image_id item_id row_id doc_id index idx key".split(
      " ",
    ),
  ],
  [
    "scores",
    [
      ..."scores probs probabilities probability prob proba class_probs class_probabilities y_prob y_proba".split(" "),
      ..."y_score confidence confidences logits score".split(" "),
    ],
  ],
  ["log probabilities", "logprobs log_probs logprob token_logprobs token_log_probs".split(" ")],
  [
    "latency",
    [
      ..."latency_ms latency_milliseconds duration_ms elapsed_ms response_time_ms latency latency_s".split(" "),
      ..."latency_seconds latency_sec duration_s duration_seconds elapsed_s response_time elapsed duration".split(" "),
    ],
  ],
  [
    "output tokens",
    "output_tokens completion_tokens generated_tokens num_output_tokens num_generated_tokens".split(" "),
  ],
  ["group", "group group_id document_id user_id session_id conversation_id speaker_id patient_id cluster".split(" ")],
  ["task", ["task", "task_name", "task_type"]],
];

export type Roles = ReadonlyMap<Role, string>;

/** "modelOutput", "Model Output" and "model-output" are one name. */
const normal = (name: string): string =>
  name
    .trim()
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_|_$/g, "");

/** Which field plays which role: those that were named first, the others by their usual names. */
export function rolesOf(row: Fields, given: Roles): Roles {
  const paths = new Map<string, string>();
  for (const [key, value] of Object.entries(row)) {
    if (!paths.has(normal(key))) paths.set(normal(key), key);
    // One level down, where the outer name says nothing: {"data": {"question": …}, "model": {"output": …}}.
    if (!isFields(value)) continue;
    for (const inner of Object.keys(value)) if (!paths.has(normal(inner))) paths.set(normal(inner), `${key}.${inner}`);
  }
  const roles = new Map(given);
  const taken = new Set(given.values());
  for (const [role, spellings] of names) {
    if (roles.has(role)) continue;
    for (const spelling of spellings) {
      const path = paths.get(spelling);
      if (path === undefined || taken.has(path) || isWithin(path, taken)) continue;
      roles.set(role, path);
      taken.add(path);
      break;
    }
  }
  return roles;
}

/** `answers.text` has no role of its own beside `answers`. */
const isWithin = (path: string, taken: ReadonlySet<string>): boolean =>
  path.includes(".") && taken.has(path.slice(0, path.indexOf(".")));

const knownNames: ReadonlySet<string> = new Set(
  names.filter(([role]) => role === "prediction" || role === "reference").flatMap(([, spellings]) => spellings),
);

/** Whether a column has a name that predictions or references have: tells a table from plain text. */
export const isKnownName = (name: string): boolean => knownNames.has(normal(name));
