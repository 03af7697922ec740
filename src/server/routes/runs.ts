import { randomBytes } from "node:crypto";
import { deleteRun, getReport, getRun, getRuns, patchRun, postRun } from "../../api/runs.ts";
import { AppError } from "../../base/errors.ts";
import { maxConfigKeys, type FlatConfig } from "../../model/config.ts";
import type { Run } from "../../model/run.ts";
import { endpoint } from "../endpoint.ts";
import { unknownRun } from "../live/catalog.ts";

export const runEndpoints = [
  endpoint(getRuns, async ({ summaries }, { query }) => summaries.list(query)),

  endpoint(postRun, async ({ catalog, live }, { body }) => {
    const id = body.id ?? newRunId();
    let isNew = false;
    const run = await catalog.change(id, (before) => {
      isNew = before === undefined;
      return before === undefined
        ? {
            ...body,
            id,
            name: body.name ?? id,
            status: "running",
            createdAt: body.createdAt ?? Date.now(),
            endedAt: null,
            exitStatus: null,
          }
        : {
            ...before,
            name: body.name ?? before.name,
            dialect: body.dialect ?? before.dialect,
            config: merged(before.config, body.config),
            tags: body.tags.length > 0 ? body.tags : before.tags,
            environment: { ...before.environment, ...body.environment },
            status: "running",
            endedAt: null,
            exitStatus: null,
          };
    });
    if (isNew) live.created(run);
    live.changed(run);
    return { run };
  }),

  endpoint(getRun, async ({ store, catalog }, { params }) => {
    catalog.require(params.run);
    const run = await store.getRun(params.run);
    if (run === undefined) throw unknownRun(params.run);
    return { run };
  }),

  endpoint(patchRun, async ({ catalog, live }, { params, body }) => {
    catalog.require(params.run);
    const run = await catalog.change(params.run, (before) => {
      if (before === undefined) throw unknownRun(params.run);
      return changed(before, body, Date.now());
    });
    live.changed(run);
    return { run };
  }),

  endpoint(deleteRun, async ({ catalog, live, examples, reclaim }, { params }) => {
    await catalog.delete(params.run);
    examples.forget(params.run);
    await live.deleted(params.run);
    reclaim();
    return { deleted: true as const };
  }),

  endpoint(getReport, async ({ live }, { params }) => live.report(params.run)),
];

/** What of a request's changes is set replaces what was there; configuration is merged. */
function changed(before: Run, changes: { [K in keyof Run]?: Run[K] | undefined }, now: number): Run {
  const status = changes.status ?? before.status;
  const ended = status === "running" ? null : (before.endedAt ?? now);
  return {
    ...before,
    name: changes.name ?? before.name,
    status,
    dialect: changes.dialect === undefined ? before.dialect : changes.dialect,
    config: changes.config === undefined ? before.config : merged(before.config, changes.config),
    tags: changes.tags ?? before.tags,
    environment:
      changes.environment === undefined ? before.environment : { ...before.environment, ...changes.environment },
    endedAt: changes.endedAt === undefined ? ended : changes.endedAt,
    exitStatus: changes.exitStatus === undefined ? before.exitStatus : changes.exitStatus,
  };
}

function merged(before: FlatConfig, added: FlatConfig): FlatConfig {
  const config = { ...before, ...added };
  if (Object.keys(config).length > maxConfigKeys) {
    throw new AppError(
      "too-large",
      `A run keeps at most ${maxConfigKeys} configuration keys. Leave out what is not a setting.`,
    );
  }
  return config;
}

/** Sorts by time, readable aloud, unique enough: `20261123-213526-k3f9xq`. */
function newRunId(): string {
  const time = new Date()
    .toISOString()
    .replaceAll(/[-:]|\..*/g, "")
    .replace("T", "-");
  return `${time}-${randomBytes(8).readBigUInt64BE().toString(36).slice(0, 6)}`;
}
