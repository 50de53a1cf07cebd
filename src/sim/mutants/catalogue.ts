/** All planted bugs. The names of the 25 of the first model runs are kept where they fit. */
import { appendBugs } from './bugs-append.ts';
import { commitBugs } from './bugs-commit.ts';
import { diskBugs } from './bugs-disk.ts';
import { electionBugs } from './bugs-election.ts';
import { leaseBugs } from './bugs-lease.ts';
import { memberBugs } from './bugs-members.ts';
import { stateBugs } from './bugs-state.ts';
import type { Mutant } from './mutant.ts';

export const catalogue: readonly Mutant[] = [
  ...appendBugs,
  ...commitBugs,
  ...electionBugs,
  ...leaseBugs,
  ...memberBugs,
  ...diskBugs,
  ...stateBugs,
];
