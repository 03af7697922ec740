import { getHealth, getStorage } from "../../api/server.ts";
import { endpoint } from "../endpoint.ts";

export const serverEndpoints = [
  endpoint(getHealth, async ({ version, startedAt }) => ({
    name: "llmdbg" as const,
    version,
    pid: process.pid,
    uptimeMs: Date.now() - startedAt,
  })),

  endpoint(getStorage, async ({ store, directory }) => {
    const { tables, ...size } = await store.size();
    const incidents = store.incidents.map(({ time, what, keptFile }) =>
      keptFile === undefined ? { time, what } : { time, what, keptFile },
    );
    return { directory, ...size, tables: [...tables], incidents };
  }),
];
