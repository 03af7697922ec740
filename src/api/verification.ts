import { z } from "zod";
import { Verification } from "../model/verification.ts";
import { defineRoute } from "./route.ts";

/** Ids of runs with commas between them, which no id holds. */
const RunIds = z.string().min(1).max(20_000);

export const getVerification = defineRoute({
  id: "get-verification",
  method: "GET",
  path: "/api/v1/verification",
  summary: "Whether a change helped: runs before it against runs after it",
  query: z.object({
    before: RunIds,
    after: RunIds,
    /** Id of the series that decides; chosen when absent. */
    metric: z.string().max(1024).optional(),
    better: z.enum(["lower", "higher"]).optional(),
    at: z.union([z.literal("end"), z.coerce.number().int()]).optional(),
  }),
  response: Verification,
});
