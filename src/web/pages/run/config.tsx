import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { lintSettings } from "../../../analysis/lint/index.ts";
import type { Run } from "../../../model/run.ts";
import { allRuns, runOf } from "../../data/queries.ts";
import { scalarText } from "../../format/change.ts";
import { configRows } from "../../format/config-rows.ts";
import { plural } from "../../format/number.ts";
import type { View } from "../../state/view.ts";
import { Failure } from "../../widgets/failure.tsx";
import { Breakable } from "../../widgets/breakable.tsx";
import { ConfigValue } from "../../widgets/config-value.tsx";
import { ConfigRemark } from "./config-remark.tsx";

/** The run's settings, alone or against those of its parent or any other run. */
export function ConfigTable({
  run,
  against,
  update,
}: {
  run: Run;
  against: string | undefined;
  update: (change: View) => void;
}) {
  const [search, setSearch] = useState("");
  const [onlyDiffering, setOnlyDiffering] = useState(true);
  const others = useQuery(allRuns).data?.runs ?? [];
  const otherId = against ?? run.parent?.run ?? "";
  const other = useQuery({ ...runOf(otherId), enabled: otherId !== "" });
  const compared = otherId !== "" && other.data !== undefined ? other.data : undefined;

  const remarks = useMemo(() => lintSettings(run.config, run.dialect), [run.config, run.dialect]);
  const words = search.toLowerCase();
  const all = configRows(compared === undefined ? [run.config] : [compared.config, run.config]);
  const rows = all.filter(
    ({ key, values, differs }) =>
      (compared === undefined || !onlyDiffering || differs) &&
      (key.toLowerCase().includes(words) ||
        values.some((value) => value !== undefined && scalarText(value).toLowerCase().includes(words))),
  );
  const candidates = others
    .filter(({ id }) => id !== run.id)
    .toSorted((a, b) => Number(b.project === run.project) - Number(a.project === run.project))
    .slice(0, 500);
  const listed = new Set(all.map(({ key }) => key));
  const hasRemarks = rows.some(({ key }) => remarks.some(({ where }) => where.key === key));
  const unlisted = remarks.filter(({ where }) => where.key === undefined || !listed.has(where.key));
  return (
    <section className="config" aria-label="Configuration">
      <div className="config-bar">
        <input
          type="search"
          placeholder="Search keys and values"
          aria-label="Search keys and values"
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        <label className="tool">
          <span>compare with</span>
          <select value={otherId} onChange={(event) => update({ against: event.currentTarget.value || undefined })}>
            <option value="">nothing</option>
            {run.parent !== null && <option value={run.parent.run}>parent: {run.parent.run}</option>}
            {candidates
              .filter(({ id }) => id !== run.parent?.run)
              .map(({ id, name, project }) => (
                <option key={id} value={id}>
                  {project === run.project ? name : `${project} / ${name}`}
                </option>
              ))}
          </select>
        </label>
        {compared !== undefined && (
          <label className="tool">
            <input
              type="checkbox"
              checked={onlyDiffering}
              onChange={(event) => setOnlyDiffering(event.currentTarget.checked)}
            />
            <span>only what differs</span>
          </label>
        )}
        <span className="muted">{plural(rows.length, "key")}</span>
        {remarks.length > 0 && <span>{plural(remarks.length, "remark")}</span>}
      </div>
      {unlisted.map((remark) => (
        <ConfigRemark key={`${remark.check} ${remark.message}`} remark={remark} />
      ))}
      {other.isError && <Failure error={other.error} retry={() => void other.refetch()} />}
      {all.length === 0 ? (
        <p className="muted">
          This run reported no configuration. Log it with <code>run.config({"{...}"})</code>, or print it as the trainer
          does.
        </p>
      ) : (
        <div className="scroll-x">
          <table className={`config-table${compared === undefined ? " is-alone" : ""}`}>
            {compared !== undefined && (
              <thead>
                <tr>
                  <th scope="col">key</th>
                  <th scope="col">
                    <Breakable text={compared.name} />
                  </th>
                  <th scope="col">
                    <Breakable text={run.name} />
                  </th>
                  {hasRemarks && <th scope="col">remarks</th>}
                </tr>
              </thead>
            )}
            <tbody>
              {rows.map(({ key, values, differs }) => (
                <tr key={key} className={differs ? "is-different" : ""}>
                  <th scope="row">
                    <Breakable text={key} />
                  </th>
                  {values.map((value, i) => (
                    <td key={i}>
                      <ConfigValue value={value} />
                    </td>
                  ))}
                  {hasRemarks && (
                    <td className="cell-remarks">
                      {remarks
                        .filter(({ where }) => where.key === key)
                        .map((remark) => (
                          <ConfigRemark key={`${remark.check} ${remark.message}`} remark={remark} />
                        ))}
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {compared !== undefined && rows.length === 0 && <p className="muted">No difference.</p>}
    </section>
  );
}
