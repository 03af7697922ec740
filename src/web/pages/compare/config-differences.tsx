import { Fragment } from "react";
import { scalarText } from "../../format/change.ts";
import { configRows } from "../../format/config-rows.ts";
import { plural } from "../../format/number.ts";
import type { ComparedRun } from "./legend.tsx";

/** Only the keys that differ. */
export function ConfigDifferences({ runs }: { runs: readonly ComparedRun[] }) {
  const known = runs.flatMap(({ run, ink }) => (run === undefined ? [] : [{ run, ink }]));
  if (known.length < 2) return null;
  const rows = configRows(known.map(({ run }) => run.config));
  const differing = rows.filter(({ differs }) => differs);
  return (
    <section className="config-differences" aria-label="Differences of configuration">
      <h2>
        {rows.length === 0
          ? "These runs reported no configuration"
          : differing.length === 0
            ? `No difference in ${plural(rows.length, "setting")}`
            : `${plural(differing.length, "setting")} of ${rows.length} differ${differing.length === 1 ? "s" : ""}`}
      </h2>
      {differing.length > 0 && (
        <div className="scroll-x">
          <table className="config-table">
            <thead>
              <tr>
                <th scope="col">key</th>
                {known.map(({ run, ink }) => (
                  <th key={run.id} scope="col">
                    <i className="swatch" style={{ background: ink.colour }} />
                    {run.name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {differing.map(({ key, values }) => (
                <tr key={key}>
                  <th scope="row">{breakable(key)}</th>
                  {values.map((value, i) => (
                    <td key={known[i]?.run.id ?? i}>
                      {value === undefined ? <span className="muted">not set</span> : scalarText(value)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** A key may break between its words, never within one. */
const breakable = (key: string) =>
  key.split(/(?<=[._/])/).map((part, i) => (
    <Fragment key={`${i} ${part}`}>
      {part}
      <wbr />
    </Fragment>
  ));
