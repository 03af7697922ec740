import { maxRejectionsListed, type BatchReply } from "../../api/points.ts";
import { getRecordGroups, getRecords, postRecords } from "../../api/records.ts";
import { endpoint } from "../endpoint.ts";
import { readRecords } from "../read-records.ts";

export const recordEndpoints = [
  endpoint(postRecords, async ({ catalog, live }, { params, body }) => {
    const { row, derived } = catalog.require(params.run);
    const { roles } = await live.open(params.run);
    const isLive = row.status === "running" && row.source !== "import" && row.source !== "recording";
    const { records, rejected } = readRecords(
      body.records,
      isLive ? { time: Date.now(), step: derived?.lastStep ?? null } : { time: null, step: null },
      roles,
    );
    const { duplicate } =
      records.length === 0
        ? { duplicate: false }
        : await live.ingest(params.run, { series: [], records, writer: body.writer });
    const reply: BatchReply = {
      accepted: records.length,
      rejected: rejected.slice(0, maxRejectionsListed),
      duplicate,
    };
    if (rejected.length > maxRejectionsListed) reply.rejectedCount = rejected.length;
    return reply;
  }),

  endpoint(getRecords, async ({ store, catalog }, { params, query }) => {
    catalog.require(params.run);
    const { level, ...rest } = query;
    const { records, total } = await store.readRecords(params.run, { ...rest, levels: level });
    return { records: [...records], total };
  }),

  endpoint(getRecordGroups, async ({ store, catalog }, { params }) => {
    catalog.require(params.run);
    return { groups: [...(await store.listRecordGroups(params.run))] };
  }),
];
