import type { ServerResponse } from "node:http";
import fastifySwagger from "@fastify/swagger";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { createJsonSchemaTransform } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Route } from "../api/route.ts";
import { Problem } from "../api/server.ts";
import { AppError } from "../base/errors.ts";
import { readBody } from "./body.ts";
import { checkSender, type TokenCheck } from "./guard.ts";
import { readJson } from "./json.ts";
import { answerProblem, answerUnreadable } from "./problem.ts";
import { streams } from "./routes/events.ts";
import { endpoints } from "./routes/index.ts";
import type { Services } from "./services.ts";
import { htmlPage, securityHeaders, serveWebUi } from "./web-ui.ts";

/** For routes that do not say otherwise: a configuration, an environment with its diff. */
const defaultBodyBytes = 4 * 1024 * 1024;

export interface AppOptions {
  readonly services: Services;
  readonly host: string;
  /** Asked for each request, because the port that is part of the cookie's name is known only after listening. */
  readonly tokenCheck: () => TokenCheck | undefined;
  readonly webRoot: string | undefined;
  readonly log: (line: string) => void;
  readonly onRequest: (response: ServerResponse) => void;
}

/** The HTTP side: who may ask, how bodies are read, which routes there are, how errors are answered. */
export async function createApp({
  services,
  host,
  tokenCheck,
  webRoot,
  log,
  onRequest,
}: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({
    bodyLimit: defaultBodyBytes,
    routerOptions: { maxParamLength: 256 },
    requestTimeout: 120_000,
    // An address that cannot be decoded: no hook has run yet.
    frameworkErrors: (thrown, request, reply) => {
      reply.headers(securityHeaders);
      answerProblem(thrown, request, reply, log);
    },
    clientErrorHandler: answerUnreadable,
  });
  app.setErrorHandler((thrown, request, reply) => answerProblem(thrown, request, reply, log));
  // Endpoints read their own parts (endpoint.ts); the schemas here are for the description.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);

  app.addHook("onRequest", async (request, reply) => {
    onRequest(reply.raw);
    reply.headers(securityHeaders);
    checkSender(request.method, request.headers, host);
    const check = tokenCheck();
    if (check !== undefined) return authorise(check, request, reply);
    return undefined;
  });

  app.removeAllContentTypeParsers();
  // curl -d says it sends a form; the sender check above keeps real forms of other sites away.
  app.addContentTypeParser(
    ["application/json", "application/x-www-form-urlencoded"],
    async (request: FastifyRequest, payload: FastifyRequest["raw"]) => {
      const bytes = await readBody(
        payload,
        request.headers["content-encoding"],
        request.routeOptions.bodyLimit ?? defaultBodyBytes,
      );
      return bytes.length === 0 ? undefined : readJson(bytes);
    },
  );

  await app.register(fastifySwagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "llmdbg", version: services.version, description: "Debugger for language models: native API." },
    },
    transform: createJsonSchemaTransform({ zodToJsonConfig: { unrepresentable: "any" } }),
  });
  await app.register(async (routes) => {
    for (const endpoint of endpoints) {
      const { route } = endpoint;
      routes.route({
        method: route.method,
        url: route.path,
        bodyLimit: route.maxBodyBytes ?? defaultBodyBytes,
        schema: {
          operationId: route.id,
          summary: route.summary,
          ...(route.params && { params: route.params }),
          ...(route.query && { querystring: route.query }),
          ...(route.body && { body: route.body }),
          response: { 200: answerOf(route), default: problemResponse },
        },
        handler: (request, reply) => endpoint.answer(services, request, reply),
      });
    }
    for (const stream of streams) {
      routes.route({
        method: "GET",
        url: stream.path,
        schema: {
          summary: stream.summary,
          ...(stream.params && { params: stream.params }),
          response: { 200: eventStream, default: problemResponse },
        },
        handler: (request, reply) => stream.answer(services, request, reply),
      });
    }
  });
  let description: string | undefined;
  app.get("/api/openapi.json", { schema: { hide: true } }, async (_request, reply) => {
    description ??= JSON.stringify(app.swagger());
    return reply.type("application/json; charset=utf-8").serializer(String).send(description);
  });
  await serveWebUi(app, webRoot);
  return app;
}

/** The answer as JSON, and as what else the route can give. */
const answerOf = ({ response, alsoAnswers = [] }: Route) =>
  alsoAnswers.length === 0
    ? response
    : {
        description: "JSON, or the other type when it is asked for",
        content: {
          "application/json": { schema: response },
          ...Object.fromEntries(alsoAnswers.map((type): [string, object] => [type, { schema: z.string() }])),
        },
      };

const eventStream = {
  description: "Events until one side leaves",
  content: { "text/event-stream": { schema: z.string() } },
};

const problemResponse = {
  description: "What is wrong and what to do (RFC 9457)",
  content: { "application/problem+json": { schema: Problem } },
};

/** One check for every address. A token in the address is exchanged for a cookie, so that it does not stay in the history. */
async function authorise(
  check: TokenCheck,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const [path = "/", search = ""] = request.url.split("?", 2);
  const query = new URLSearchParams(search);
  const isPage = request.method === "GET" && !path.startsWith("/api/") && !path.startsWith("/assets/");
  const given = request.method === "GET" ? (query.get("token") ?? undefined) : undefined;
  try {
    if (check.check(request.headers, given) !== "query") return undefined;
  } catch (thrown) {
    if (!isPage || !(thrown instanceof AppError)) throw thrown;
    return reply
      .code(401)
      .type("text/html; charset=utf-8")
      .send(
        htmlPage(
          "llmdbg",
          "<h1>Token needed</h1><p>Open the address with <code>?token=...</code> that the server printed when it started.</p>",
        ),
      );
  }
  reply.header("set-cookie", `${check.cookieName}=${given ?? ""}; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000`);
  if (!isPage) return undefined;
  query.delete("token");
  const target = `${path.replace(/^\/+/, "/")}${query.size > 0 ? `?${query.toString()}` : ""}`;
  // A page that moves on by itself, not a redirect: after a link from another site a redirect would not carry a strict cookie.
  const refresh = `<meta http-equiv="refresh" content="0;url=${encodeURI(target).replaceAll('"', "%22").replaceAll("&", "&amp;")}">`;
  return reply
    .code(200)
    .type("text/html; charset=utf-8")
    .header("cache-control", "no-store")
    .send(htmlPage("llmdbg", "<p>Opening llmdbg ...</p>", refresh));
}
