import { useState } from "react";
import { type ConfigRow, configRows } from "../../format/config-rows.ts";
import { plural } from "../../format/number.ts";
import { Breakable } from "../../widgets/breakable.tsx";
import { ConfigValue } from "../../widgets/config-value.tsx";
import type { ComparedRun } from "./legend.tsx";

/** More rows than this push the curves off the screen. */
const shownAtFirst = 12;

/** Only the keys that differ. */
export function ConfigDifferences({ runs }: { runs: readonly ComparedRun[] }) {
  const [all, setAll] = useState(false);
  const known = runs.flatMap(({ run, ink }) => (run === undefined ? [] : [{ run, ink }]));
  if (known.length < 2) return null;
  const rows = configRows(known.map(({ run }) => run.config));
  // What all of them set comes first: programs of two kinds differ in most names, and that says little.
  const unset = ({ values }: ConfigRow): number => values.filter((value) => value === undefined).length;
  const differing = rows.filter(({ differs }) => differs).toSorted((a, b) => unset(a) - unset(b));
  const shown = all ? differing : differing.slice(0, shownAtFirst);
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
                    <Breakable text={run.name} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map(({ key, values }) => (
                <tr key={key}>
                  <th scope="row">
                    <Breakable text={key} />
                  </th>
                  {values.map((value, i) => (
                    <td key={known[i]?.run.id ?? i}>
                      <ConfigValue value={value} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {shown.length < differing.length && (
        <button type="button" className="link" onClick={() => setAll(true)}>
          {plural(differing.length - shown.length, "more setting")}
        </button>
      )}
    </section>
  );
}
