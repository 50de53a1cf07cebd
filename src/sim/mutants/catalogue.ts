/** All planted bugs. The names of the 25 of the first model runs are kept where they fit. */
import { appendBugs } from './bugs-append.ts';
import { commitBugs } from './bugs-commit.ts';
import { diskBugs } from './bugs-disk.ts';
import { electionBugs } from './bugs-election.ts';
import { leaseBugs } from './bugs-lease.ts';
import { lifetimeBugs } from './bugs-lifetimes.ts';
import { lockBugs } from './bugs-locks.ts';
import { logBugs } from './bugs-log.ts';
import { memberBugs } from './bugs-members.ts';
import { stateBugs } from './bugs-state.ts';
import { transactionBugs } from './bugs-transactions.ts';
import { watchBugs } from './bugs-watches.ts';
import type { Mutant } from './mutant.ts';

export const catalogue: readonly Mutant[] = [
  ...appendBugs,
  ...commitBugs,
  ...electionBugs,
  ...leaseBugs,
  ...memberBugs,
  ...diskBugs,
  ...logBugs,
  ...stateBugs,
  ...transactionBugs,
  ...lifetimeBugs,
  ...lockBugs,
  ...watchBugs,
];
