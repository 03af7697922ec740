import type { StoredRecord } from "../../../api/records.ts";
import type { Level } from "../../../model/record.ts";
import { full, grouped } from "../../format/number.ts";
import { absolute, elapsed } from "../../format/time.ts";

/** Letter that repeats what the level's colour says. */
const levelLetter: Readonly<Record<Level, string>> = { debug: "D", info: "I", warning: "W", error: "E", critical: "C" };

/** One record; long messages and tracebacks are folded to one line. Only ever text. */
export function LogRow({
  record,
  origin,
  marked,
  open,
  toggle,
}: {
  record: StoredRecord;
  origin: number;
  marked: boolean;
  open: boolean;
  toggle: () => void;
}) {
  const { time, level, message, exception, step, rank, logger } = record;
  const line = firstLine(message);
  const folds = exception !== null || line.length < message.trimEnd().length || line.length > 60;
  const where = [
    time === null ? "" : absolute(time),
    logger ?? "",
    step === null ? "" : `step ${full(step)}`,
    rank === null ? "" : `rank ${rank}`,
  ];
  return (
    <div className={`log-row is-${level}${marked ? " is-marked" : ""}${open ? " is-open" : ""}`}>
      <button type="button" aria-expanded={folds ? open : undefined} onClick={toggle}>
        <span className="log-time" title={where.filter((part) => part !== "").join(" · ")}>
          {step === null ? (time === null ? "" : elapsed(time - origin)) : `step ${grouped(step)}`}
        </span>
        <abbr className="log-level" title={level}>
          {levelLetter[level]}
        </abbr>
        <span className="log-message">
          {line}
          {exception !== null && <em>traceback, {exception.split("\n").length} lines</em>}
        </span>
      </button>
      {open && (
        <div className="log-full">
          <p className="muted">{[level, ...where].filter((part) => part !== "").join(" · ")}</p>
          <pre>{message}</pre>
          {exception !== null && <pre>{exception}</pre>}
        </div>
      )}
    </div>
  );
}

function firstLine(message: string): string {
  const text = message.trimStart();
  const end = text.search(/[\r\n]/);
  return (end === -1 ? text : text.slice(0, end)).slice(0, 400);
}
