import type { Standing } from "../../../model/standing.ts";
import { Breakable } from "../../widgets/breakable.tsx";

/** "Is this normal?": each number with its place among the recorded healthy runs, lowest left, highest right. */
export function StandingList({ standing }: { standing: readonly Standing[] }) {
  const [first] = standing;
  if (first === undefined) return null;
  const series = [...new Set(standing.map((one) => one.series.replace(/\{.*/, "")))];
  return (
    <details>
      <summary>
        {series.length === 1 ? "Is" : "Are"} {series.join(" and ")} normal? Compared with {first.runs} healthy runs of{" "}
        {first.kind}
      </summary>
      <ul className="standing">
        {standing.map(({ series, statistic, above, text }) => (
          <li key={`${series} ${statistic}`}>
            <span
              className="standing-scale"
              role="img"
              aria-label={`higher than ${Math.round(above * 100)} % of them`}
              title={`higher than ${Math.round(above * 100)} % of them`}
            >
              <span style={{ left: `${above * 100}%` }} />
            </span>
            <span>
              <Breakable text={text} />
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
