import type { DataFault } from "../../../../model/evaluation.ts";
import { grouped } from "../../../format/number.ts";
import { Breakable } from "../../../widgets/breakable.tsx";
import { SeverityMark } from "../../../widgets/severity-mark.tsx";

/** What is wrong with the data, before anything is blamed on the model. */
export function DataFaults({ faults, find }: { faults: readonly DataFault[]; find: (text: string) => void }) {
  if (faults.length === 0) return null;
  return (
    <section className="data-faults" aria-label="Faults of the data">
      <h2>Data first</h2>
      {faults.map(({ id, severity, title, message, count, examples, advice }) => (
        <details key={id} className={`data-fault is-${severity}`}>
          <summary>
            <SeverityMark verdict={severity} size={14} labelled /> <b>{title}</b>{" "}
            <span className="muted">{grouped(count)}</span>
          </summary>
          <div>
            <p>{message}</p>
            <p>{advice}</p>
            <ul>
              {examples.map(({ id: example, line, note }) => (
                <li key={`${example} ${line}`}>
                  <button type="button" className="link" onClick={() => find(example)}>
                    <Breakable text={example} />
                  </button>
                  {line > 0 && <span className="muted"> line {grouped(line)}</span>} <Breakable text={note} />
                </li>
              ))}
            </ul>
          </div>
        </details>
      ))}
    </section>
  );
}
