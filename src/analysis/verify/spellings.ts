import { type Dialect, nameOf, type OptionId, optionIds } from "../dialects/dialect.ts";
import { dialects } from "../dialects/index.ts";

const keysOf = (option: OptionId, dialect: Dialect): string[] => {
  const name = nameOf(dialect, option);
  return [name.key, ...(name.also ?? [])];
};

/** Every name that any dialect has for an option. */
export const spellingsOf = (option: OptionId): string[] => [
  ...new Set(dialects.flatMap((dialect) => keysOf(option, dialect)).map(plain)),
];

/**
 * The names under which a setting of an advice may be found: its own first, those of its dialect next, everyone's
 * last. A key that is no option of ours stands for itself. Without leading dashes, `_` for `-`.
 */
export function spellingsOfKey(key: string, dialectId: string | null): string[] {
  const own = plain(key);
  const dialect = dialects.find(({ id }) => id === dialectId);
  const isIt = (option: OptionId, of: Dialect): boolean => keysOf(option, of).some((name) => plain(name) === own);
  const option =
    (dialect === undefined ? undefined : optionIds.find((id) => isIt(id, dialect))) ??
    (optionIds.find((id) => id === own) || optionIds.find((id) => dialects.some((candidate) => isIt(id, candidate))));
  if (option === undefined) return [own];
  const near = dialect === undefined ? [] : keysOf(option, dialect).map(plain);
  // A switch for one value (`bf16: true`) is not what others call precision: their values are not comparable.
  const isSwitch = dialect !== undefined && nameOf(dialect, option).spell !== undefined;
  return [...new Set([own, ...near, ...(isSwitch ? [] : spellingsOf(option))])];
}

const plain = (key: string): string => key.replace(/^-+/, "").replaceAll("-", "_");
