/** ActivityNet's ground truth (`database`) and results (http://activity-net.org, version 1.3), in seconds. */
import { z } from "zod";
import type { FoundSegment, JudgedVideo, Segment, TemporalDetections } from "../../model/temporal-detection.ts";
import type { Rejected } from "./rejected.ts";

/** Some files hold times as text. */
const Time = z.union([
  z.number(),
  z
    .string()
    .regex(/^\s*-?\d+(?:\.\d+)?\s*$/)
    .transform(Number),
]);
const Times = z.tuple([Time, Time]);
const TrueSegment = z.object({ label: z.string(), segment: Times });
const Result = z.object({ label: z.string(), segment: Times, score: z.number() });
const Video = z.looseObject({
  subset: z.string().optional(),
  duration: z.number().optional(),
  annotations: z.array(z.unknown()),
});
const GroundTruth = z.object({ database: z.record(z.string(), Video) });
const Results = z.object({ results: z.record(z.string(), z.array(z.unknown())) });

export interface ActivityNetReading {
  readonly detections: TemporalDetections;
  /** Place: number of the entry over all videos, from 1. */
  readonly rejectedSegments: readonly Rejected[];
  readonly rejectedResults: readonly Rejected[];
}

/**
 * Undefined where the documents are none of ActivityNet's. `subset`: "validation"; null for all. What is found in a
 * video without annotations counts as false, as in ActivityNet's own script.
 */
export function readActivityNet(
  truth: unknown,
  results: unknown,
  subset: string | null,
): ActivityNetReading | undefined {
  const groundTruth = GroundTruth.safeParse(truth);
  const given = Results.safeParse(results);
  if (!groundTruth.success || !given.success) return undefined;
  const database = new Map(
    Object.entries(groundTruth.data.database).filter(([, video]) => subset === null || video.subset === subset),
  );
  const found = new Map(Object.entries(given.data.results));
  const rejectedSegments: Rejected[] = [];
  const rejectedResults: Rejected[] = [];
  const count = { segments: 0, results: 0 };
  const units = [...new Set([...found.keys(), ...database.keys()])].map((id): JudgedVideo => {
    const video = database.get(id);
    const trueSegments = (video?.annotations ?? []).flatMap((entry): Segment[] => {
      count.segments += 1;
      const read = TrueSegment.safeParse(entry);
      if (read.success) return [{ label: read.data.label, start: read.data.segment[0], end: read.data.segment[1] }];
      rejectedSegments.push({ place: count.segments, reason: `video ${id}: no label or segment of two numbers` });
      return [];
    });
    const foundSegments = (found.get(id) ?? []).flatMap((entry): FoundSegment[] => {
      count.results += 1;
      const read = Result.safeParse(entry);
      if (read.success) {
        const { label, segment, score } = read.data;
        return [{ label, start: segment[0], end: segment[1], score }];
      }
      rejectedResults.push({ place: count.results, reason: `video ${id}: no label, score or segment of two numbers` });
      return [];
    });
    const attributes = new Map(video?.duration === undefined ? [] : [["duration", video.duration]]);
    return { id, group: null, attributes, truth: trueSegments, found: foundSegments };
  });
  return { detections: { units }, rejectedSegments, rejectedResults };
}
