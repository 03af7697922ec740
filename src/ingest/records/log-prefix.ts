import type { Level } from "../../model/record.ts";

/** What stands in front of a log line's own words. */
export interface LogPrefix {
  readonly level: Level | undefined;
  readonly logger: string | null;
  /** Milliseconds since the epoch; undefined when the line has no date and time. */
  readonly time: number | undefined;
  /** Whether `time` has a zone; without one it was read as UTC. */
  readonly zoned: boolean;
  readonly rank: number | null;
  /** Tells interleaved writers apart: the text of the rank or worker prefix. */
  readonly writer: string;
  readonly body: string;
}

const levels: ReadonlyMap<string, Level> = new Map<string, Level>([
  ["trace", "debug"],
  ["debug", "debug"],
  ["info", "info"],
  ["notice", "info"],
  ["success", "info"],
  ["warn", "warning"],
  ["warning", "warning"],
  ["error", "error"],
  ["err", "error"],
  ["exception", "error"],
  ["critical", "critical"],
  ["fatal", "critical"],
  ["panic", "critical"],
  ["d", "debug"],
  ["i", "info"],
  ["w", "warning"],
  ["e", "error"],
  ["f", "critical"],
]);
const levelWord = "TRACE|DEBUG|INFO|NOTICE|SUCCESS|WARN(?:ING)?|ERR(?:OR)?|EXCEPTION|CRITICAL|FATAL|PANIC";

interface Found {
  level?: Level | undefined;
  logger?: string | undefined;
  time?: number | undefined;
  zoned?: boolean;
  rank?: number;
  writer?: string;
}

type Peel = readonly [first: string, pattern: RegExp, read: (match: RegExpExecArray) => Found];

/** The level that a word stands for, in any case. */
export const levelOf = (text: string | undefined): Level | undefined => levels.get((text ?? "").toLowerCase());
const dateTime = String.raw`\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?`;

const digits = "0123456789";
const capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/**
 * The pieces of log prefixes, each tried at the line's start, again and again, until none fits.
 * The characters that it may begin with come first; none: any.
 */
const pieces: readonly Peel[] = [
  // torchrun --tee, torch's own exception hook: `[rank3]:`, `[default0]:`
  ["[", /^\[(?:rank|default)(\d+)\]: ?/, (m) => ({ rank: Number(m[1]), writer: m[0] })],
  // accelerate, DeepSpeed: `[Rank 0]`, `[RANK 0]`
  ["[", /^\[rank:? ?(\d+)\]:? ?/i, (m) => ({ rank: Number(m[1]), writer: m[0] })],
  ["R", /^Rank ?(\d+): /, (m) => ({ rank: Number(m[1]), writer: m[0] })],
  // Ray, vLLM: `(TaskRunner pid=123, ip=10.0.0.1)`, `(EngineCore_DP0 pid=77)`
  ["(", /^\(([\w.-]+)[^()]{0,64}pid=\d+[^()]{0,80}\) ?/, (m) => ({ writer: m[0] })],
  // Slurm's srun -l: `3: text`
  [digits, /^(\d{1,5}): (?=\S)/, (m) => ({ rank: Number(m[1]), writer: m[0] })],
  // Hugging Face: `[INFO|trainer.py:2134] 2024-01-01 12:00:00,000 >> `, `[WARNING|2024-01-01 12:00:00] name:12 >> `
  [
    "[",
    new RegExp(`^\\[(${levelWord})\\|(?:(${dateTime})|([^\\]|]{1,200}))\\] ?`),
    (m) => ({ level: levelOf(m[1]), ...timeFound(m[2]), logger: m[3] }),
  ],
  ["", /^([\w.]{1,200}:\d+) >> /, (m) => ({ logger: m[1] })],
  [">", /^>> /, () => ({})],
  // Transformers 5: `[transformers] text`
  [
    "[",
    /^\[(transformers|accelerate|datasets|peft|trl|diffusers|vllm|titan|deepspeed|deepscale)\] ?/,
    (m) => ({ logger: m[1] }),
  ],
  // `[2022-03-14 09:05:16 name] `
  ["[", new RegExp(`^\\[(${dateTime}) ([A-Za-z][\\w.-]{0,100})\\]:? `), (m) => ({ ...timeFound(m[1]), logger: m[2] })],
  // Date and time, bare or in brackets, and the separator behind it
  [`[(${digits}`, new RegExp(`^[[(]?(${dateTime})[\\])]?(?: ?[-|:,] ?| +|$)`), (m) => timeFound(m[1])],
  // ESPnet: `[node07] 2026-01-01 12:00:00,000 (trainer:793) INFO: `, with rank and number of them `[node07:0/2] `
  [
    "[",
    new RegExp(`^\\[[A-Za-z][\\w.-]{0,100}(?::(\\d+)/\\d+)?\\] (?=${dateTime} \\()`),
    (m) => ({ writer: m[0], ...(m[1] === undefined ? {} : { rank: Number(m[1]) }) }),
  ],
  ["(", new RegExp(`^\\((\\w[\\w.]{0,100}:\\d+)\\) (?=(?:${levelWord}): )`), (m) => ({ logger: m[1] })],
  // Swin Transformer and what came of it: `(main.py 226): INFO `
  ["(", new RegExp(`^\\((\\w[\\w.]{0,100} \\d+)\\): (?=(?:${levelWord}) )`), (m) => ({ logger: m[1] })],
  // Glog, torchrun: `W0528 12:00:00.123000 12345 torch/distributed/run.py:779] `, in brackets in torch's C++
  [
    "[DIWEF",
    /^\[?([DIWEF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ ([\w./-]+:\d+)\] ?/,
    (m) => ({ level: levelOf(m[1]), logger: m[2] }),
  ],
  ["[", /^\[([DIWEF])\d{3,4} \d\d:\d\d:\d\d\.\d+ ([\w./-]+:\d+)\] ?/, (m) => ({ level: levelOf(m[1]), logger: m[2] })],
  // vLLM, SGLang: `INFO 01-01 12:00:00 [file.py:123] `
  [
    capitals,
    new RegExp(`^(${levelWord}) \\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d (?:\\[([^\\]]{1,100})\\] ?)?`),
    (m) => ({ level: levelOf(m[1]), logger: m[2] }),
  ],
  // Python's basicConfig: `WARNING:root:text`
  [capitals, new RegExp(`^(${levelWord}):([\\w.-]{1,200}):`), (m) => ({ level: levelOf(m[1]), logger: m[2] })],
  // Sockeye: `[INFO:sockeye.training] `
  [
    "[",
    new RegExp(`^\\[(${levelWord}):([A-Za-z_][\\w.-]{0,100})\\] ?`),
    (m) => ({ level: levelOf(m[1]), logger: m[2] }),
  ],
  // `[ERROR] `, `[ERROR]: `
  ["[", new RegExp(`^\\[ ?(${levelWord}) ?\\](?: ?[-:|] ?| *)`, "i"), (m) => ({ level: levelOf(m[1]) })],
  // `ERROR: `, `WARNING - `, `INFO | `, `INFO     `
  [
    capitals,
    new RegExp(`^(${levelWord})(?: *[:|] *| +- +| {2,}|(?<=[A-Z]) (?=\\[))`),
    (m) => ({ level: levelOf(m[1]) }),
  ],
  ["wefEWF", /^(warning|error|fatal|Warning|Error|Fatal): +/, (m) => ({ level: levelOf(m[1]) })],
  // `[trainer.py:123:train] `, `[logging.py:96:log_dist] `
  ["[", /^\[([\w./-]+\.(?:py|cc|cpp|cu|h|rs|go):\d+(?::[\w<>]+)?)\](?: ?[-:|] ?| *)/, (m) => ({ logger: m[1] })],
];

/** The pieces that may begin with the character of each ASCII code. */
const piecesByFirst = Array.from({ length: 128 }, (_, code) =>
  pieces.filter(([first]) => first === "" || first.includes(String.fromCharCode(code))),
);
const otherPieces = pieces.filter(([first]) => first === "");

/** A logger's name between separators: tried only behind a time or a level, since prose looks the same. */
const namePiece = /^([A-Za-z_][\w.:<>]{0,200})(?: - | \| | *- (?=[A-Z]+ - ))/;

/** A level with nothing but a space behind it counts only behind a time. */
const bareLevel = new RegExp(`^(${levelWord}) +`);

/** Takes the log prefix off a line. */
export function peel(text: string): LogPrefix {
  const found: Required<Pick<Found, "zoned" | "writer">> & Found = { zoned: false, writer: "" };
  let body = text;
  let logger: string | null = null;
  let rank: number | null = null;
  for (let round = 0; round < 8; round += 1) {
    const match = peelOne(body);
    if (match !== undefined) {
      found.level = match.found.level ?? found.level;
      found.time ??= match.found.time;
      found.zoned ||= match.found.zoned ?? false;
      found.writer += match.found.writer ?? "";
      logger = match.found.logger ?? logger;
      rank = match.found.rank ?? rank;
      body = match.rest;
      continue;
    }
    if (found.time === undefined && found.level === undefined) break;
    const level = found.level === undefined ? bareLevel.exec(body) : null;
    if (level !== null) {
      found.level = levelOf(level[1]);
      body = body.slice(level[0].length);
      continue;
    }
    const name = namePiece.exec(body);
    if (name === null) break;
    logger = name[1] ?? logger;
    body = body.slice(name[0].length);
  }
  return { level: found.level, logger, time: found.time, zoned: found.zoned, rank, writer: found.writer, body };
}

/** A longer prefix is none; it also bounds what a hostile line can cost. */
const maxPrefix = 512;

function peelOne(body: string): { found: Found; rest: string } | undefined {
  // Nothing that begins with a space or a brace has a prefix, and those are the most frequent lines.
  const first = body.charCodeAt(0);
  if (Number.isNaN(first) || first === 123) return undefined;
  // Megatron puts a space in front of its time.
  if (first === 32) return /^ \[\d{4}-/.test(body) ? { found: {}, rest: body.slice(1) } : undefined;
  const head = body.length > maxPrefix ? body.slice(0, maxPrefix) : body;
  for (const [, pattern, read] of piecesByFirst[first] ?? otherPieces) {
    const match = pattern.exec(head);
    if (match !== null) return { found: read(match), rest: body.slice(match[0].length) };
  }
  return undefined;
}

function timeFound(text: string | undefined): Found {
  if (text === undefined) return {};
  const plain = utcOf(text);
  if (plain !== undefined) return { time: plain, zoned: false };
  const zoned = /(Z|UTC|[+-]\d\d:?\d\d)$/.test(text);
  const iso = text
    .replaceAll("/", "-")
    .replace(",", ".")
    .replace(" UTC", "Z")
    .replace(/ (?=[+-]\d\d)/, "")
    .replace(" ", "T");
  const time = Date.parse(zoned ? iso : `${iso}Z`);
  return Number.isNaN(time) ? {} : { time, zoned };
}

/**
 * The time of `2024-01-01 12:00:00,000` without a zone, which is how nearly all loggers write it, read as UTC; other
 * texts and the last days of months, which may not exist, are left to `Date.parse`.
 */
function utcOf(text: string): number | undefined {
  if (text.length !== 19 && !(text.length === 23 && /[.,]\d{3}$/.test(text))) return undefined;
  const two = (at: number): number => 10 * (text.charCodeAt(at) - 48) + text.charCodeAt(at + 1) - 48;
  const month = two(5);
  const day = two(8);
  const hour = two(11);
  const minute = two(14);
  const second = two(17);
  const fraction = text.length === 19 ? 0 : 10 * two(20) + text.charCodeAt(22) - 48;
  const isDate = month >= 1 && month <= 12 && day >= 1 && day <= 28;
  const year = 100 * two(0) + two(2);
  // `Date.UTC` takes the years below 100 for those of the last century.
  if (!isDate || year < 1_000 || hour > 23 || minute > 59 || second > 59) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second, fraction);
}
