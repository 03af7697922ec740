/** A line or an entry that could not be read, and why. */
export interface Rejected {
  /** Line of the file or place in its list, from 1. */
  readonly place: number;
  readonly reason: string;
}
