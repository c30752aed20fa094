/** One line of a comparison with a reference case of graphs or paths. */

/** One quantity compared. */
export interface GraphRow {
  /** set and name, e.g. `relu.adjacency` */
  quantity: string;
  /** `max|ours − reference| / max|reference|`; for numbers of nodes and masks the share that differs; Infinity for another length */
  error: number;
  /** whether any difference is an error */
  exact: boolean;
}
