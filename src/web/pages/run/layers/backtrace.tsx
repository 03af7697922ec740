import { useQuery } from "@tanstack/react-query";
import { getRecords } from "../../../../api/records.ts";
import { call } from "../../../data/call.ts";
import { readBacktrace, readFirstTensor, type Frame } from "../../../format/backtrace.ts";
import { grouped } from "../../../format/number.ts";
import { Breakable } from "../../../widgets/breakable.tsx";

const opening = "first non-finite tensor";
/** So many modules before the bad one say enough; the others are one click away. */
const shownFrames = 5;

/** The way of the numbers to the first tensor that is not finite, a module a line. */
export function Backtrace({
  run,
  openLayer,
}: {
  run: string;
  openLayer: (layer: string, step: number | null) => void;
}) {
  const answer = useQuery({
    queryKey: ["records", run, "first-non-finite"],
    queryFn: async () => {
      const query = { search: opening, order: "ascending", limit: 20, offset: 0 };
      const { records } = await call(getRecords, { params: { run }, query });
      return records.find(({ message }) => message.startsWith(opening)) ?? null;
    },
  });
  const record = answer.data;
  if (record === null || record === undefined) return null;
  const frames = readBacktrace(record.exception ?? "");
  const layer = /\blayer=(\S+)/.exec(record.message)?.[1];
  // What the record names is what made it; inside it others may have been given bad numbers already.
  const named = frames.findIndex(({ path }) => path === layer);
  const firstBad = named >= 0 ? named : frames.findIndex(({ bad }) => bad);
  const hidden = Math.max(0, (firstBad < 0 ? frames.length : firstBad + 1) - shownFrames);
  return (
    <section className="backtrace" aria-label="First tensor that is not finite">
      <h2>
        First tensor that is not finite{record.step === null ? "" : `, step ${grouped(record.step)}`}
        {layer !== undefined && (
          <button type="button" className="link" onClick={() => openLayer(layer, record.step)}>
            <code>
              <Breakable text={layer} />
            </code>
          </button>
        )}
      </h2>
      <p className="backtrace-facts" title={record.message}>
        <Breakable text={readFirstTensor(record.message) ?? record.message.slice(opening.length).trim()} />
      </p>
      {frames.length > 0 && (
        <>
          {hidden > 0 && (
            <details>
              <summary>{hidden} modules before</summary>
              <Frames
                frames={frames.slice(0, hidden)}
                from={0}
                firstBad={firstBad}
                openLayer={openLayer}
                step={record.step}
              />
            </details>
          )}
          <Frames
            frames={frames.slice(hidden)}
            from={hidden}
            firstBad={firstBad}
            openLayer={openLayer}
            step={record.step}
          />
        </>
      )}
    </section>
  );
}

function Frames({
  frames,
  from,
  firstBad,
  step,
  openLayer,
}: {
  frames: readonly Frame[];
  from: number;
  firstBad: number;
  step: number | null;
  openLayer: (layer: string, step: number | null) => void;
}) {
  return (
    <ol className="frames" start={from + 1}>
      {frames.map(({ path, className, facts, bad, running }, i) => (
        <li key={`${from + i} ${path}`} className={from + i === firstBad ? "is-first" : bad ? "is-bad" : undefined}>
          <button type="button" onClick={() => openLayer(path, step)}>
            <code>
              <Breakable text={path} />
            </code>
          </button>
          <span className="muted">{className}</span>
          <span className="frame-facts">
            {facts.map(({ of, text, bad: isBad }, j) => (
              <span key={`${j} ${of} ${text}`} className={isBad ? "is-error" : undefined}>
                {of !== facts[j - 1]?.of && <small>{of} </small>}
                {text}
              </span>
            ))}
            {running && <span className="muted">still running</span>}
          </span>
          {from + i === firstBad && <b className="is-error">first not finite</b>}
        </li>
      ))}
    </ol>
  );
}
