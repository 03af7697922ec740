import type { Box } from "../../model/detection.ts";

/** Intersection over union; of a crowd over the area of what is found, as in bbIou of COCO's maskApi.c. */
export function boxOverlap(found: Box, truth: Box, isCrowd: boolean): number {
  const width = Math.min(found[2] + found[0], truth[2] + truth[0]) - Math.max(found[0], truth[0]);
  if (width <= 0) return 0;
  const height = Math.min(found[3] + found[1], truth[3] + truth[1]) - Math.max(found[1], truth[1]);
  if (height <= 0) return 0;
  const common = width * height;
  const own = found[2] * found[3];
  return common / (isCrowd ? own : own + truth[2] * truth[3] - common);
}
