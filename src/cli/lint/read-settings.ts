import { isMap, isScalar, LineCounter, parseDocument, type Document } from "yaml";
import type { SettingsSource } from "../../analysis/lint/index.ts";
import { AppError, messageOf } from "../../base/errors.ts";
import { flatten } from "../../model/config.ts";

/** What a YAML or JSON configuration holds, flat with the line of each key, and nested as it is. */
export interface ConfigContent extends Pick<SettingsSource, "values" | "lines" | "repeated"> {
  readonly nested: unknown;
}

/** Parses a configuration. Throws `unreadable-input` with the line of the first mistake. */
export function readConfig(path: string, text: string): ConfigContent {
  if (depthOf(text) > deepest)
    throw new AppError("unreadable-input", `${path} is nested too deeply for a configuration.`);
  return contentOf(path, text);
}

/** Parsers recurse; a template in a text holds brackets too, but closes them. */
const deepest = 500;

function depthOf(text: string): number {
  let depth = 0;
  let most = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 0x5b || code === 0x7b) most = Math.max(most, (depth += 1));
    else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return most;
}

function contentOf(path: string, text: string): ConfigContent {
  const counter = new LineCounter();
  // 1.1 is what PyYAML reads: `on` is true, `<<` merges. Repeated keys are a finding, not an error.
  const document = parseDocument(text, { version: "1.1", uniqueKeys: false, lineCounter: counter, logLevel: "silent" });
  const isJson = /\.json$/i.test(path);
  const nested = isJson ? parseJson(path, text) : valueOf(path, document);
  const lines = new Map<string, number>();
  const repeated: { key: string; line: number }[] = [];
  if (document.errors.length === 0) collect(document.contents, "");
  return { nested, values: flatten(nested), lines, repeated };

  function collect(node: unknown, prefix: string): void {
    if (!isMap(node)) return;
    const seen = new Set<string>();
    for (const { key, value } of node.items) {
      if (!isScalar(key) || key.value === "<<") continue;
      const name = prefix === "" ? String(key.value) : `${prefix}.${String(key.value)}`;
      const line = counter.linePos(key.range?.[0] ?? 0).line;
      if (seen.has(name)) repeated.push({ key: name, line });
      seen.add(name);
      lines.set(name, line);
      collect(value, name);
    }
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("unreadable-input", `${path} is not JSON: ${messageOf(cause)}`, { cause });
  }
}

function valueOf(path: string, document: Document): unknown {
  const [error] = document.errors;
  if (error !== undefined) {
    const line = error.linePos?.[0].line;
    const [what = ""] = error.message.split("\n");
    throw new AppError(
      "unreadable-input",
      `${path}${line === undefined ? "" : `, line ${line}`} is not YAML: ${what.replace(/ at line \d+, column \d+:?$/, "")}`,
    );
  }
  try {
    // Aliases are limited, so that a small file cannot unfold into a huge one.
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return value;
  } catch (cause) {
    throw new AppError("unreadable-input", `${path}: ${messageOf(cause)}`, { cause });
  }
}
