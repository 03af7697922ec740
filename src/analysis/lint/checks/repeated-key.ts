import { defineSettingsCheck } from "../check.ts";

const source = "https://yaml.org/spec/1.2.2/#nodes";

export const repeatedKey = defineSettingsCheck({
  id: "repeated-key",
  title: "Key stands twice",
  why: "The last value silently wins; the other was meant by someone.",
  source,
  check: (settings) =>
    settings.origin !== "file"
      ? { missing: ["configuration file"] }
      : settings.repeated.map(({ key, line }) => ({
          severity: "warning",
          message: `${key} is set more than once in the same mapping; the value of line ${line} wins.`,
          where: { file: settings.file, line, key },
          advice: [
            settings.advice({
              id: "one-value",
              summary: "Remove the one that is not meant.",
              changes: [],
              expect: "The file says what the run does.",
              source,
            }),
          ],
        })),
});
