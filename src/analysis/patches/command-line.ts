import type { Setting } from "./patch.ts";
import { shellText } from "./scalar-text.ts";

/** `--learning_rate 0.03`, one option a line when there are several. A switch of Megatron has no value. */
export const flags =
  (dashes: "--" | "", between: " " | "=") =>
  (settings: readonly Setting[]): string =>
    settings
      .map(({ key, to }) => {
        const name = key.startsWith("-") ? key : `--${key}`;
        if (to === null) return `# without ${name}`;
        if (dashes === "" && to === true) return name;
        if (dashes === "" && to === false) return `# without ${name}`;
        return `${name}${between}${shellText(to)}`;
      })
      .sort((a, b) => Number(a.startsWith("#")) - Number(b.startsWith("#")))
      .reduce((text, word) => `${text}${separator(text, word)}${word}`);

/** A line as wide as terminals are; a remark stands on its own. */
const longest = 80;
function separator(text: string, word: string): string {
  const line = text.slice(text.lastIndexOf("\n") + 1);
  if (word.startsWith("#")) return "\n";
  return line.length + 1 + word.length > longest ? " \\\n" : " ";
}

/** Hydra's and OmegaConf's: `optimizer.lr=0.03`, and `~key` to take a setting away. */
export const overrides = (settings: readonly Setting[]): string =>
  settings.map(({ key, to }) => (to === null ? `~${key}` : `${key}=${shellText(to)}`)).join(" \\\n");
