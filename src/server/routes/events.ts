import type { FastifyReply, FastifyRequest } from "fastify";
import { eventsPath, runEventsPath, type LiveEvent } from "../../api/events.ts";
import { RunParams } from "../../api/runs.ts";
import { AppError } from "../../base/errors.ts";
import type { Services } from "../services.ts";

/** Rows that the stream of all runs begins with; more come with the list itself. */
const firstRows = 200;
const maxClients = 1_000;

interface Stream {
  readonly path: string;
  readonly summary: string;
  readonly params?: typeof RunParams;
  answer(services: Services, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply>;
}

/** Server-sent events; `src/api/events.ts` says what is in them. */
export const streams: readonly Stream[] = [
  {
    path: eventsPath,
    summary: "Changes of all runs as server-sent events",
    answer: async ({ hub, summaries }, _request, reply) => {
      checkRoom(hub.clientCount);
      const { runs } = await summaries.list({ sort: "createdAt", order: "descending", limit: firstRows, offset: 0 });
      start(reply);
      hub.subscribe(
        reply.raw,
        null,
        runs.map((run): LiveEvent => ({ kind: "run", run })),
      );
      return reply;
    },
  },
  {
    path: runEventsPath,
    params: RunParams,
    summary: "Changes of one run as server-sent events; the current state comes first",
    answer: async ({ hub, live }, request, reply) => {
      checkRoom(hub.clientCount);
      const { data } = RunParams.safeParse(request.params);
      if (data === undefined) throw new AppError("bad-request", "run: not a run id");
      const state = await live.state(data.run);
      start(reply);
      hub.subscribe(reply.raw, data.run, state());
      return reply;
    },
  },
];

function checkRoom(clients: number): void {
  if (clients >= maxClients) throw new AppError("too-large", `${clients} event streams are open; close some.`);
}

function start(reply: FastifyReply): void {
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  reply.raw.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
    // The stream ends only when one side leaves, so there is nothing to keep the connection for.
    connection: "close",
  });
}
