import { ActionIcon } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { z } from "zod";
import { getPoints, type SeriesInfo } from "../../../api/points.ts";
import { getRecords } from "../../../api/records.ts";
import type { Finding } from "../../../model/finding.ts";
import type { Run } from "../../../model/run.ts";
import { call } from "../../data/call.ts";
import { full, grouped, short } from "../../format/number.ts";
import { absolute } from "../../format/time.ts";
import { Breakable } from "../../widgets/breakable.tsx";
import { ConfigValue } from "../../widgets/config-value.tsx";
import { Failure } from "../../widgets/failure.tsx";
import { LogRow } from "./log-row.tsx";

const maxSeries = 60;
const telling =
  /(learning_rate|(^|[._])lr$|batch|accum|warmup|clip|max_grad|fp16|bf16|precision|optim|epochs?$|scheduler|seed|dropout|decay)/i;

/** Everything that is known of one step: values, settings, records. */
export function Moment({
  run,
  series,
  step,
  findings,
  close,
}: {
  run: Run;
  series: readonly SeriesInfo[];
  step: number;
  findings: readonly Finding[];
  close: () => void;
}) {
  const [opened, setOpened] = useState<number | undefined>();
  const reach = reachOf(series);
  const some = series.slice(0, maxSeries);
  const values = useQuery({
    queryKey: ["moment", run.id, step, reach, some.map(({ id }) => id)],
    enabled: some.length > 0,
    queryFn: async () => {
      const query = { series: some.map(({ id }) => id), fromStep: step - reach, toStep: step + reach, limit: 1000 };
      return nearest((await call(getPoints, { params: { run: run.id }, query })).series, step);
    },
  });
  const time = values.data?.find((value) => value.time !== null)?.time ?? null;
  const records = useQuery({
    queryKey: ["moment-records", run.id, step, reach, time],
    enabled: !values.isPending,
    queryFn: async () => {
      const about = { params: { run: run.id } };
      const byStep = await call(getRecords, {
        ...about,
        query: { fromStep: step - reach, toStep: step + reach, limit: 30 },
      });
      if (byStep.records.length > 0 || time === null) return byStep.records;
      return (await call(getRecords, { ...about, query: { fromTime: time - 5000, toTime: time + 5000, limit: 30 } }))
        .records;
    },
  });
  const advised = new Set(
    findings.flatMap(({ advice }) => advice.flatMap(({ changes }) => changes.map(({ key }) => key))),
  );
  const settings = Object.entries(run.config).filter(([key]) => advised.has(key) || telling.test(key));
  return (
    <section className="moment" aria-label={`Step ${step}`}>
      <div className="moment-head">
        <h2>Step {grouped(step)}</h2>
        {time !== null && <span className="muted">{absolute(time)}</span>}
        <ActionIcon variant="subtle" color="gray" size={22} aria-label="Close" onClick={close}>
          <IconX size={14} />
        </ActionIcon>
      </div>
      <div className="moment-body">
        {values.isError && <Failure error={values.error} retry={() => void values.refetch()} />}
        <table className="facts">
          <caption>Values</caption>
          <tbody>
            {(values.data ?? []).map((value) => (
              <tr key={value.id}>
                <th scope="row">
                  <Breakable text={value.id} />
                </th>
                <td title={full(value.value)}>{short(value.value)}</td>
                <td className="muted">{value.step === step ? "" : `step ${grouped(value.step)}`}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {values.data?.length === 0 && <p className="muted">No values within {grouped(reach)} steps.</p>}
        {settings.length > 0 && (
          <table className="facts">
            <caption>Settings</caption>
            <tbody>
              {settings.slice(0, 24).map(([key, value]) => (
                <tr key={key}>
                  <th scope="row">
                    <Breakable text={key} />
                  </th>
                  <td colSpan={2}>
                    <ConfigValue value={value} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {(records.data?.length ?? 0) > 0 && (
          <div className="moment-records">
            <h3>Records</h3>
            {records.data?.map((record) => (
              <LogRow
                key={record.index}
                record={record}
                origin={run.createdAt}
                marked={record.step === step}
                open={opened === record.index}
                toggle={() => setOpened(opened === record.index ? undefined : record.index)}
              />
            ))}
          </div>
        )}
      </div>
    </section>
  );
}

/** How far to look for the nearest logged values: a few times the distance between two of them. */
function reachOf(series: readonly SeriesInfo[]): number {
  const spacings = series
    .filter(({ count, firstStep, lastStep }) => count > 1 && lastStep > firstStep)
    .map(({ count, firstStep, lastStep }) => (lastStep - firstStep) / (count - 1));
  return spacings.length === 0 ? 0 : Math.ceil(Math.min(...spacings) * 4);
}

interface Value {
  readonly id: string;
  readonly step: number;
  readonly time: number | null;
  readonly value: number | "NaN" | "Infinity" | "-Infinity" | null;
}

type Columns = z.infer<typeof getPoints.response>["series"];

function nearest(all: Columns, step: number): Value[] {
  return all.flatMap(({ id, step: steps, time, value }): Value[] => {
    let best = -1;
    steps.forEach((at, i) => {
      if (best === -1 || Math.abs(at - step) <= Math.abs((steps[best] ?? 0) - step)) best = i;
    });
    const at = steps[best];
    return at === undefined ? [] : [{ id, step: at, time: time[best] ?? null, value: value[best] ?? null }];
  });
}
