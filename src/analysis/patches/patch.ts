/** Advice as text to paste, in the language in which the user of that trainer writes settings. */
import type { Advice } from "../../model/finding.ts";
import { dialects } from "../dialects/index.ts";
import { optionIds, type Dialect } from "../dialects/dialect.ts";
import { flags, overrides } from "./command-line.ts";
import { json, toml, yaml } from "./files.ts";
import { assignments, calls } from "./python.ts";

export interface Patch {
  /** Where it is pasted, for people: "command line", "Python", "YAML". */
  readonly label: string;
  readonly language: "shell" | "python" | "yaml" | "json" | "toml";
  readonly text: string;
}

/** A change whose value is known. */
export interface Setting {
  readonly key: string;
  readonly from: Advice["changes"][number]["from"];
  readonly to: Advice["changes"][number]["to"];
}

type Writer = (settings: readonly Setting[]) => string;

const commandLine = (write: Writer) => ({ label: "command line", language: "shell", write }) as const;
const python = (write: Writer) => ({ label: "Python", language: "python", write }) as const;

/** The forms of each trainer, the most usual first. What is not listed has its settings in YAML. */
const forms: Readonly<
  Record<string, readonly { readonly label: string; readonly language: Patch["language"]; readonly write: Writer }[]>
> = {
  hf: [commandLine(flags("--", " ")), python(calls("hf"))],
  trl: [commandLine(flags("--", " ")), python(calls("trl"))],
  "ms-swift": [commandLine(flags("--", " "))],
  megatron: [commandLine(flags("", " "))],
  nanogpt: [commandLine(flags("--", "="))],
  torchtune: [{ label: "YAML", language: "yaml", write: yaml }, commandLine(overrides)],
  verl: [commandLine(overrides)],
  lightning: [python(calls("lightning"))],
  keras: [python(calls("keras"))],
  deepspeed: [{ label: "DeepSpeed JSON", language: "json", write: json }],
  torchtitan: [{ label: "TOML", language: "toml", write: toml }],
  plain: [python(assignments)],
};
const inYaml = [{ label: "YAML", language: "yaml", write: yaml }] as const;

/** Every form of an advice, the most usual first; none for advice that is an action and no setting. */
export function patchesOf(advice: Advice): Patch[] {
  const patches: Patch[] = [];
  const dialect = dialects.find(({ id }) => id === advice.dialect);
  const { known, foreign } = split(advice.changes, dialect);
  if (known.length > 0)
    for (const { label, language, write } of forms[dialect?.id ?? "plain"] ?? inYaml)
      patches.push({ label, language, text: write(known) });
  // What the trainer has no option for is set where the user's own code sets it.
  if (foreign.length > 0) patches.push({ label: "in your script", language: "python", text: assignments(foreign) });
  if (advice.snippet !== undefined)
    patches.push({ label: "model code", language: "python", text: advice.snippet.text });
  return patches;
}

/** The most usual form; undefined for advice that is an action. */
export const patchOf = (advice: Advice): Patch | undefined => patchesOf(advice)[0];

function split(
  changes: Advice["changes"],
  dialect: Dialect | undefined,
): { readonly known: Setting[]; readonly foreign: Setting[] } {
  if (dialect === undefined || dialect.id === "plain") return { known: [...changes], foreign: [] };
  const names = new Set(
    Object.values(dialect.options).flatMap((name) =>
      typeof name === "string" ? [name] : [name.key, ...(name.also ?? [])],
    ),
  );
  // A canonical name that this trainer does not have; any other key was taken from the user's own files.
  const isForeign = ({ key }: Setting): boolean => canonical.has(key) && !names.has(key);
  return {
    known: changes.filter((change) => !isForeign(change)),
    foreign: changes.filter(isForeign),
  };
}

const canonical: ReadonlySet<string> = new Set(optionIds);
