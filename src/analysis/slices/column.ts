/**
 * An attribute made ready for the search: `codes[i]` is the value of example i as an index into `values`, -1 where it has
 * none. Numbers are binned before. A column of ranges may have overlapping values (`at least 20`, `at least 40`), which
 * then are columns of their own with the same `attribute`: two conditions of one attribute never meet in a slice.
 */
export interface Column {
  readonly attribute: string;
  readonly codes: Int32Array;
  readonly values: readonly string[];
}
