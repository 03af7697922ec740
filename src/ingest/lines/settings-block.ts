import type { Scalar } from "../../model/config.ts";
import { isObject, readLiteral, type Literal } from "../literal.ts";
import { numberOf } from "../number-text.ts";
import type { LineParser } from "./line-parser.ts";

/** `config: {...}`, `Training arguments = {...}`, `hparams {...}`: words that call what follows settings. */
const heading =
  /^[\w .[\]-]{0,40}\b(config(uration)?|args|arguments|hparams|hyper-?_?param(eter)?s|settings|options|flags)\s*[:=]?\s*(?=\{)/i;
/** What argparse prints of its answer. */
const namespace = /^[\w .:=[\]-]{0,40}\bNamespace\((?=[A-Za-z_]\w*=)/;
const longest = 16_384;
const mostKeys = 500;

/**
 * All settings of a script on one line, as dictionary or as `Namespace(lr=0.001, ...)`. Numbers in it are no metrics: a
 * line of them would else be a row of its own, with `lr`, `seed` and `warmup` for curves.
 */
export const settingsBlock: LineParser = {
  id: "settings-block",
  open: () => {
    return ({ body, bar }) => {
      if (bar !== undefined || body.length > longest) return undefined;
      const config = dictionary(body) ?? namespaceIn(body);
      return config === undefined ? undefined : { config, record: true };
    };
  },
};

type Settings = [string, Scalar][];

function dictionary(body: string): Settings | undefined {
  const head = heading.exec(body);
  if (head === null) return undefined;
  const value = readLiteral(body, head[0].length)?.value;
  if (!isObject(value)) return undefined;
  return entriesOf(value, "", 0).slice(0, mostKeys);
}

/** Nested ones by their path, `optimizer.lr`; lists are left out. */
function entriesOf(object: ReadonlyMap<string, Literal>, prefix: string, depth: number): Settings {
  return [...object].flatMap(([key, value]): Settings => {
    if (isObject(value)) return depth > 3 ? [] : entriesOf(value, `${prefix}${key}.`, depth + 1);
    return Array.isArray(value) ? [] : [[prefix + key, value]];
  });
}

/** `Namespace(lr=0.001, name='a, b', betas=[0.9, 0.95], x=None)`: commas inside quotes and brackets divide nothing. */
function namespaceIn(body: string): Settings | undefined {
  const head = namespace.exec(body);
  if (head === null || !body.trimEnd().endsWith(")")) return undefined;
  const inside = body.slice(head[0].length, body.lastIndexOf(")"));
  const parts: string[] = [];
  let [depth, quote, start] = [0, "", 0];
  for (let at = 0; at < inside.length; at += 1) {
    const sign = inside[at] ?? "";
    if (quote !== "") {
      if (sign === "\\") at += 1;
      else if (sign === quote) quote = "";
    } else if (sign === "'" || sign === '"') quote = sign;
    else if ("([{".includes(sign)) depth += 1;
    else if (")]}".includes(sign)) depth -= 1;
    else if (sign === "," && depth === 0) {
      parts.push(inside.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(inside.slice(start));
  return parts.slice(0, mostKeys).flatMap((part): Settings => {
    const mark = part.indexOf("=");
    const key = part.slice(0, mark).trim();
    if (mark < 0 || !/^[A-Za-z_]\w{0,80}$/.test(key)) return [];
    return [[key, scalarOf(part.slice(mark + 1).trim())]];
  });
}

function scalarOf(text: string): Scalar {
  if (text === "None") return null;
  if (text === "True") return true;
  if (text === "False") return false;
  const quoted = /^(['"])(.*)\1$/s.exec(text);
  return quoted?.[2] ?? numberOf(text) ?? text;
}
