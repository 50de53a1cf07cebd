/**
 * Anomalies that have been seen in real stores, or that a checker could overlook: each as the
 * smallest history that shows it, beside a close twin that is linearizable.
 */

export interface KnownHistory {
  readonly name: string;
  readonly bad: string;
  readonly good: string;
  /** The rule of the version check that `bad` breaks; absent where it cannot see it. */
  readonly rule?: string;
  /** True where the zone check applies and sees it. */
  readonly inZones?: boolean;
  /** Where the search sees it: `always` if it is not given, also without revisions. */
  readonly inSearch?: 'always' | 'with-revisions' | 'never';
}
