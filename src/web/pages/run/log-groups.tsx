import type { RecordGroup } from "../../../api/records.ts";
import type { Level } from "../../../model/record.ts";
import { grouped } from "../../format/number.ts";

const weight: Readonly<Record<Level, number>> = { critical: 0, error: 1, warning: 2, info: 3, debug: 4 };
const maxGroups = 300;

/** The log as kinds of events: gravest first, then most frequent. */
export function LogGroups({
  groups,
  choose,
}: {
  groups: readonly RecordGroup[] | undefined;
  choose: (group: string) => void;
}) {
  if (groups === undefined) return <p className="log-empty" />;
  if (groups.length === 0) return <p className="log-empty">No records yet.</p>;
  const sorted = groups.toSorted((a, b) => weight[a.level] - weight[b.level] || b.count - a.count);
  return (
    <ul className="log-lines log-groups">
      {sorted.slice(0, maxGroups).map(({ group, level, count, message, firstStep, lastStep }) => (
        <li key={group}>
          <button type="button" className={`is-${level}`} onClick={() => choose(group)}>
            <b>{grouped(count)}</b>
            <span className="log-message">{message.slice(0, 300)}</span>
            <small>
              {level}
              {firstStep !== null && `, first at step ${grouped(firstStep)}`}
              {lastStep !== null && lastStep !== firstStep && `, last at ${grouped(lastStep)}`}
            </small>
          </button>
        </li>
      ))}
      {sorted.length > maxGroups && <li className="muted">and {grouped(sorted.length - maxGroups)} rarer groups</li>}
    </ul>
  );
}
