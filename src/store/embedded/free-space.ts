import { statfsSync } from "node:fs";
import { AppError } from "../../base/errors.ts";

/** Free bytes that ingest leaves alone, so that a checkpoint and a deletion still fit. */
const defaultFloorBytes = 64 * 1024 * 1024;
/** On a small file system the floor is this share of it. */
const floorShare = 0.1;

export interface Space {
  readonly freeBytes: number;
  readonly floorBytes: number;
}

export function spaceOf(directory: string, floorBytes: number | undefined): Space {
  const { bsize, bavail, blocks } = statfsSync(directory);
  return {
    freeBytes: bavail * bsize,
    floorBytes: floorBytes ?? Math.min(defaultFloorBytes, blocks * bsize * floorShare),
  };
}

/** Size of the file system that holds `directory`. */
export function totalBytes(directory: string): number {
  const { bsize, blocks } = statfsSync(directory);
  return bsize * blocks;
}

export function diskFull(directory: string, space: Space, cause?: unknown): AppError {
  return new AppError(
    "disk-full",
    `Only ${megabytes(space.freeBytes)} are free on the disk of ${directory}; nothing more is stored below ${megabytes(space.floorBytes)}, so that what is stored stays safe and readable. Free some space, or delete runs and compact; storing goes on by itself.`,
    { cause },
  );
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
