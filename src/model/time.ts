/**
 * Times are milliseconds since the epoch, NaN when unknown. They are kept to the microsecond, as whole
 * numbers up to 2^53, which ends in the year 2255: what is later was sent in another unit.
 */
export const latestTime = 2 ** 53 / 1000;

/** Whether a time is unknown or can be kept. */
export const isTime = (time: number): boolean => Number.isNaN(time) || Math.abs(time) < latestTime;
