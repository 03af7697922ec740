import { getAttributes, getEvaluation, getExamples, postEvaluation, postExamples } from "./evaluation.ts";
import { getLayers } from "./layers.ts";
import { getBuckets, getPoints, getSeries, postPoints } from "./points.ts";
import { getRecordGroups, getRecords, postRecords } from "./records.ts";
import { deleteRun, getReport, getRun, getRuns, patchRun, postRun } from "./runs.ts";
import { getVerification } from "./verification.ts";
import { getHealth, getStorage } from "./server.ts";

/** Every endpoint of the native API; a test compares this list with the folder and with what the server registers. */
export const routes = [
  getHealth,
  getStorage,
  getRuns,
  postRun,
  getRun,
  patchRun,
  deleteRun,
  getReport,
  postPoints,
  getSeries,
  getPoints,
  getBuckets,
  getLayers,
  postRecords,
  getRecords,
  getRecordGroups,
  getVerification,
  postExamples,
  postEvaluation,
  getEvaluation,
  getExamples,
  getAttributes,
] as const;
