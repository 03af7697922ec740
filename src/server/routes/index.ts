import type { Endpoint } from "../endpoint.ts";
import { evaluationEndpoints } from "./evaluation.ts";
import { layerEndpoints } from "./layers.ts";
import { pointEndpoints } from "./points.ts";
import { recordEndpoints } from "./records.ts";
import { runEndpoints } from "./runs.ts";
import { serverEndpoints } from "./server.ts";
import { verificationEndpoints } from "./verification.ts";

/** The behaviour of every route in `src/api/index.ts`; a test compares the two lists. The event streams are in events.ts. */
export const endpoints: readonly Endpoint[] = [
  ...serverEndpoints,
  ...runEndpoints,
  ...pointEndpoints,
  ...layerEndpoints,
  ...recordEndpoints,
  ...verificationEndpoints,
  ...evaluationEndpoints,
];
