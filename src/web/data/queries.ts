import { QueryClient, queryOptions, type QueryKey } from "@tanstack/react-query";
import { getAttributes, getEvaluation, getExamples } from "../../api/evaluation.ts";
import { getSeries } from "../../api/points.ts";
import { getRecordGroups, getRecords } from "../../api/records.ts";
import { getReport, getRun, getRuns, type RunSummary } from "../../api/runs.ts";
import { getHealth, getStorage } from "../../api/server.ts";
import { getVerification } from "../../api/verification.ts";
import type { Condition } from "../../model/evaluation.ts";
import type { Level } from "../../model/record.ts";
import { CallError, call } from "./call.ts";

export const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: false,
      // A 4xx says the same again; only an unreachable or troubled server is worth asking twice.
      retry: (count, error) => count < 2 && !(error instanceof CallError && error.status >= 400 && error.status < 500),
      retryDelay: 400,
    },
  },
});

export const runOf = (run: string) =>
  queryOptions({ queryKey: ["run", run], queryFn: async () => (await call(getRun, { params: { run } })).run });

export const reportOf = (run: string) =>
  queryOptions({ queryKey: ["report", run], queryFn: () => call(getReport, { params: { run } }) });

export const seriesOf = (run: string) =>
  queryOptions({
    queryKey: ["series", run],
    queryFn: async () => (await call(getSeries, { params: { run } })).series,
  });

export const verificationOf = (before: readonly string[], after: readonly string[]) =>
  queryOptions({
    queryKey: ["verification", before, after],
    queryFn: () => call(getVerification, { query: { before: before.join(","), after: after.join(",") } }),
  });

export const storage = queryOptions({ queryKey: ["storage"], queryFn: () => call(getStorage) });
export const health = queryOptions({ queryKey: ["health"], queryFn: () => call(getHealth) });

export interface RecordFilter {
  readonly level: readonly Level[];
  readonly search: string;
  readonly group: string;
}

export const recordPage = 200;

export const recordsOf = (run: string, filter: RecordFilter, page: number) =>
  queryOptions({
    queryKey: ["records", run, filter, page],
    queryFn: () =>
      call(getRecords, {
        params: { run },
        query: {
          level: filter.level.length === 0 ? undefined : filter.level,
          search: filter.search === "" ? undefined : filter.search,
          group: filter.group === "" ? undefined : filter.group,
          limit: recordPage,
          offset: page * recordPage,
        },
      }),
  });

export const recordGroupsOf = (run: string) =>
  queryOptions({
    queryKey: ["record-groups", run],
    queryFn: async () => (await call(getRecordGroups, { params: { run } })).groups,
  });

/** The list holds at most this many runs, the newest; more than a person reads, few enough to sort in place. */
export const maxRuns = 10_000;
const runsPage = 250;

export interface RunList {
  readonly runs: readonly RunSummary[];
  readonly total: number;
  /** All pages are here. */
  readonly complete: boolean;
}

export const runsKey: QueryKey = ["runs"];

/** All runs, page after page, shown as they come: sorting and filtering then cost no request. */
export const allRuns = queryOptions({
  queryKey: runsKey,
  queryFn: async ({ client: cache, signal }): Promise<RunList> => {
    const byId = new Map<string, RunSummary>();
    for (let offset = 0; ;) {
      const limit = offset === 0 ? 100 : runsPage;
      const page = await call(getRuns, { query: { limit, offset }, signal });
      for (const run of page.runs) byId.set(run.id, run);
      offset += page.runs.length;
      const complete = page.runs.length === 0 || offset >= Math.min(page.total, maxRuns);
      const list = { runs: [...byId.values()], total: page.total, complete };
      if (complete) return list;
      // While a refresh runs, the complete older list is better than the first pages of the new one.
      cache.setQueryData(runsKey, (before: RunList | undefined) => (before?.complete === true ? before : list));
    }
  },
  staleTime: 30_000,
});

export const evaluationOf = (run: string) =>
  queryOptions({ queryKey: ["evaluation", run], queryFn: () => call(getEvaluation, { params: { run } }) });

export const attributesOf = (run: string) =>
  queryOptions({
    queryKey: ["attributes", run],
    queryFn: async () => (await call(getAttributes, { params: { run } })).attributes,
  });

export interface ExampleFilter {
  readonly where: readonly Condition[];
  readonly search: string;
  readonly wrong: boolean;
  readonly sort: "error" | "position";
}

export const examplePage = 50;

export const examplesOf = (run: string, { where, search, wrong, sort }: ExampleFilter, page: number) =>
  queryOptions({
    queryKey: ["examples", run, where, search, wrong, sort, page],
    queryFn: () =>
      call(getExamples, {
        params: { run },
        query: {
          where: where.length === 0 ? undefined : JSON.stringify(where),
          search: search === "" ? undefined : search,
          wrong: wrong ? "only" : undefined,
          sort,
          limit: examplePage,
          offset: page * examplePage,
        },
      }),
  });
