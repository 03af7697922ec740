import type { Evaluation, MetricValue } from "../../../../model/evaluation.ts";
import { fromWire } from "../../../../model/number.ts";
import { intervalText } from "../../../format/evaluation-verdict.ts";
import { full, grouped, plural, short } from "../../../format/number.ts";
import { Breakable } from "../../../widgets/breakable.tsx";

/** Each metric with its interval and exactly how it was computed; then what could not be, and what is missing for it. */
export function MetricsTable({
  evaluation: { task, read, metrics, errors, notApplicable },
}: {
  evaluation: Evaluation;
}) {
  return (
    <section className="metrics" aria-label="Metrics">
      <h2>Metrics</h2>
      {metrics.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">metric</th>
              <th scope="col">value</th>
              <th scope="col">{metrics[0] === undefined ? "" : `${Math.round(metrics[0].level * 100)} % interval`}</th>
              <th scope="col">
                <span className="sr-only">on its scale</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {metrics.map((metric) => (
              <tr key={metric.name} className={metric.name === errors.measuredBy ? "is-main" : ""}>
                <th scope="row" title={`${metric.signature}\n${grouped(metric.n)} examples`}>
                  {metric.name}
                  <span className="muted"> {metric.better === "higher" ? "↑" : "↓"}</span>
                </th>
                <td title={full(metric.value)}>{short(metric.value)}</td>
                <td className="muted">{intervalText(metric)}</td>
                <td>
                  <Scale metric={metric} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <details>
        <summary>How they were computed</summary>
        <ul className="signatures">
          {metrics.map(({ name, signature, n }) => (
            <li key={name}>
              <b>{name}</b> on {grouped(n)} examples <code>{signature}</code>
            </li>
          ))}
        </ul>
      </details>
      {read !== null && (
        <details>
          <summary className={read.rejected.count > 0 ? "is-warning" : ""}>
            Read from {read.form}, {plural(read.rows, "row")}
            {read.rejected.count > 0 && `, ${grouped(read.rejected.count)} refused`}
          </summary>
          <ul>
            <li>
              <Breakable text={read.path} /> as {task} ({read.taskFrom})
            </li>
            {read.fields.map(({ role, name }) => (
              <li key={role}>
                {role} from <code>{name}</code>
              </li>
            ))}
            {read.rejected.examples.map(({ line, reason }) => (
              <li key={line} className="is-warning">
                line {grouped(line)}: <Breakable text={reason} />
              </li>
            ))}
          </ul>
        </details>
      )}
      {notApplicable.length > 0 && (
        <details>
          <summary>{notApplicable.length} could not be computed</summary>
          <ul>
            {notApplicable.map(({ metric, missing }) => (
              <li key={metric}>
                <b>{metric}</b> needs {missing.join(", ")}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

/** From 0 to 1, or to 100 for what is counted in hundredths; no scale for what has no upper end. */
function Scale({ metric: { value, low, high } }: { metric: MetricValue }) {
  const [at, from, to] = [value, low ?? value, high ?? value].map((one) => fromWire(one) ?? Number.NaN);
  if (at === undefined || from === undefined || to === undefined || !Number.isFinite(at) || at < 0) return null;
  const end = at <= 1 && to <= 1 ? 1 : at <= 100 ? 100 : undefined;
  if (end === undefined) return null;
  const percent = (number: number): string => `${Math.min(100, Math.max(0, (number / end) * 100))}%`;
  return (
    <span className="scale" aria-hidden="true">
      <i style={{ left: percent(from), right: `calc(100% - ${percent(to)})` }} />
      <b style={{ left: percent(at) }} />
    </span>
  );
}
