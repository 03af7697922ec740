import "./evaluation.css";
import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useRef } from "react";
import { z } from "zod";
import { Condition, type Evaluation } from "../../../../model/evaluation.ts";
import type { Run } from "../../../../model/run.ts";
import { attributesOf, evaluationOf } from "../../../data/queries.ts";
import { evaluationVerdict, isShareOf } from "../../../format/evaluation-verdict.ts";
import { useKeys } from "../../../state/keys.ts";
import { useView } from "../../../state/use-view.ts";
import { Breakable } from "../../../widgets/breakable.tsx";
import { Failure } from "../../../widgets/failure.tsx";
import { SeverityMark } from "../../../widgets/severity-mark.tsx";
import { AdviceText } from "../advice.tsx";
import { RunHead } from "../head.tsx";
import { DataFaults } from "./data-faults.tsx";
import { ErrorByAttribute } from "./error-by-attribute.tsx";
import { Examples } from "./examples.tsx";
import { MetricsTable } from "./metrics-table.tsx";
import { Slices } from "./slices.tsx";

/** A run that evaluated: how good it is, what is wrong with the data, where it fails, and the examples behind it. */
export function EvaluationPage({ run }: { run: Run }) {
  const evaluation = useQuery(evaluationOf(run.id));
  return (
    <div className="run-page evaluation">
      <RunHead run={run} series={[]} connection="live" />
      {evaluation.data === undefined ? (
        evaluation.error === null ? (
          <Skeleton height={56} mt={8} aria-label="Loading the evaluation" />
        ) : (
          <Failure error={evaluation.error} retry={() => void evaluation.refetch()} />
        )
      ) : (
        <Parts run={run} evaluation={evaluation.data} />
      )}
    </div>
  );
}

const Conditions = z.array(Condition).max(16);

/** What the URL says; conditions that cannot be read are none. */
function conditionsOf(text: string | undefined): readonly Condition[] {
  if (text === undefined) return [];
  try {
    return Conditions.safeParse(JSON.parse(text)).data ?? [];
  } catch {
    // A link that was cut.
    return [];
  }
}

function Parts({ run, evaluation }: { run: Run; evaluation: Evaluation }) {
  const [view, update] = useView();
  const searchBox = useRef<HTMLInputElement>(null);
  const attributes = useQuery(attributesOf(run.id));
  const where = useMemo(() => conditionsOf(view.where), [view.where]);
  const setWhere = (next: readonly Condition[]): void =>
    update({ where: next.length === 0 ? undefined : JSON.stringify(next) });
  const isShare = isShareOf(evaluation);
  const { verdict, sentence } = evaluationVerdict(evaluation);
  useKeys({
    "/": () => searchBox.current?.focus(),
    Escape: () => update({ where: undefined, find: undefined }),
  });
  return (
    <>
      <p className={`verdict is-${verdict}`}>
        <SeverityMark verdict={verdict} size={20} labelled />
        <span>
          <Breakable text={sentence} />
        </span>
      </p>
      <div className="evaluation-upper">
        <div>
          <DataFaults faults={evaluation.dataFaults} find={(find) => update({ find })} />
          <Slices evaluation={evaluation} where={where} choose={setWhere} />
          {evaluation.errors.groups.length > 0 && (
            <section className="error-groups" aria-label="Kinds of errors">
              <h2>Kinds of errors</h2>
              <ul>
                {evaluation.errors.groups.map(({ id, title, count, examples }) => (
                  <li key={id}>
                    <span>{title}</span> <b>{count}</b>{" "}
                    {examples.slice(0, 3).map((example) => (
                      <button key={example} type="button" className="link" onClick={() => update({ find: example })}>
                        {example}
                      </button>
                    ))}
                  </li>
                ))}
              </ul>
            </section>
          )}
          {evaluation.advice.length > 0 && (
            <section className="finding-advice" aria-label="What to change">
              <h2>What to change</h2>
              {evaluation.advice.map((advice) => (
                <AdviceText key={advice.id} advice={advice} />
              ))}
            </section>
          )}
        </div>
        <MetricsTable evaluation={evaluation} />
      </div>
      <div className="evaluation-lower">
        <ErrorByAttribute
          attributes={attributes.data ?? []}
          chosen={view.attribute}
          choose={(attribute) => update({ attribute })}
          isShare={isShare}
          where={where}
          setWhere={setWhere}
        />
        <Examples
          run={run.id}
          isShare={isShare}
          where={where}
          setWhere={setWhere}
          view={view}
          update={update}
          searchBox={searchBox}
        />
      </div>
    </>
  );
}
