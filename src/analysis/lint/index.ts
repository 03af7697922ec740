/** Lint before step 0: what the command line and the browser call. */
export type { LintContext } from "./check.ts";
export { checks } from "./checks/index.ts";
export { createLinter } from "./lint.ts";
export { maxLengthOf } from "./max-length.ts";
export { brokenRow, isRecord, readRow, type DataFile } from "./row.ts";
export { lintSettings } from "./lint-settings.ts";
export { dialectOf } from "./recognise.ts";
export { Settings, type SettingsSource } from "./settings.ts";
export { readTokenizer, type Tokenizer } from "./tokenizer.ts";
