import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { numberText } from "../../../analysis/verify/words.ts";
import { isVerified, type AppliedAdvice, type Verification } from "../../../model/verification.ts";
import { verificationOf } from "../../data/queries.ts";
import { scalarText } from "../../format/change.ts";
import { Breakable } from "../../widgets/breakable.tsx";
import { Command } from "../../widgets/command.tsx";
import { Failure } from "../../widgets/failure.tsx";
import type { ComparedRun } from "./legend.tsx";

/** Which of the compared runs are after a change, and whether it helped. */
export function VerificationPanel({
  runs,
  after,
  setAfter,
}: {
  runs: readonly ComparedRun[];
  after: readonly string[];
  setAfter: (ids: string[] | undefined) => void;
}) {
  const sides = {
    before: runs.filter(({ id }) => !after.includes(id)).map(({ id }) => id),
    after: runs.filter(({ id }) => after.includes(id)).map(({ id }) => id),
  };
  const isAsked = sides.before.length > 0 && sides.after.length > 0;
  const answer = useQuery({ ...verificationOf(sides.before, sides.after), enabled: isAsked });
  if (runs.length < 2) return null;
  const mark = (id: string, on: boolean): void => {
    const next = on ? [...sides.after, id] : sides.after.filter((other) => other !== id);
    setAfter(next.length === 0 ? undefined : next);
  };
  return (
    <section className="verification" aria-label="Did a change help?">
      <h2>Did a change help?</h2>
      <fieldset>
        <legend>Runs after the change</legend>
        {runs.map(({ id, run }) => (
          <label key={id}>
            <input
              type="checkbox"
              checked={after.includes(id)}
              onChange={(event) => mark(id, event.currentTarget.checked)}
            />{" "}
            {run?.name ?? id}
          </label>
        ))}
      </fieldset>
      {!isAsked && <p className="muted">Mark the runs after the change; the others are the ones before it.</p>}
      {isAsked && answer.isPending && <Skeleton height={48} aria-label="Comparing the runs" />}
      {answer.isError && isAsked && <Failure error={answer.error} retry={() => void answer.refetch()} />}
      {isAsked && answer.data !== undefined && <Answer verification={answer.data} />}
    </section>
  );
}

function Answer({ verification }: { verification: Verification }) {
  const { statement, reasons, comparison, before, after, applied, next } = verification;
  const followed = applied.filter(({ state }) => state === "applied" || state === "partly");
  return (
    <>
      <p className={`verification-verdict${isVerified(verification) ? " is-verified" : ""}`}>
        {isVerified(verification) && <span aria-hidden>✔ </span>}
        {statement}
      </p>
      {comparison !== null && (
        <div className="scroll-x">
          <table className="config-table">
            <thead>
              <tr>
                <th scope="col">run</th>
                <th scope="col">seed</th>
                <th scope="col">{comparison.metric} before</th>
                <th scope="col">{comparison.metric} after</th>
              </tr>
            </thead>
            <tbody>
              {[...before.map((run) => ({ run, side: 0 })), ...after.map((run) => ({ run, side: 1 }))].map(
                ({ run: { id, name, seed, value, note }, side }) => (
                  <tr key={id ?? name} title={note ?? undefined}>
                    <th scope="row">
                      <Breakable text={name} />
                    </th>
                    <td>{seed ?? ""}</td>
                    {[0, 1].map((column) => (
                      <td key={column}>
                        {column !== side || value === null ? "" : `${numberText(value)}${note === null ? "" : " *"}`}
                      </td>
                    ))}
                  </tr>
                ),
              )}
            </tbody>
          </table>
        </div>
      )}
      {followed.map((one) => (
        <Applied key={`${one.rule} ${one.advice}`} advice={one} />
      ))}
      <ul>
        {reasons.map((reason) => (
          <li key={reason}>
            <Breakable text={reason} />
          </li>
        ))}
      </ul>
      {next.length > 0 && (
        <>
          <p>To know, run:</p>
          <ul className="next-runs">
            {next.map(({ side, seed, command }) => (
              <li key={`${side} ${seed}`}>
                {side} the change, seed {seed}
                {command === null ? " (the same command again)" : <Command text={command} />}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

const Applied = ({ advice: { rule, summary, state, changes } }: { advice: AppliedAdvice }) => (
  <p>
    <b>{state === "applied" ? "Applied" : "Applied in part"}</b>, of {rule.replaceAll("-", " ")}: {summary}{" "}
    <span className="muted">
      {changes.map(({ key, was, now }) => `${key} ${scalarText(was)} → ${scalarText(now)}`).join(", ")}
    </span>
  </p>
);
