/** Every driver by its name. */
import type { Driver } from '../measure/plan.ts';
import type { DriverName } from '../results/schema.ts';
import { driveInChild } from './child.ts';
import { driveK6, findK6, k6Missing } from './k6.ts';

/** Throws where a name is no driver of cells. */
export function findDriver(name: DriverName): Driver {
  if (name === 'k6') return driveK6;
  if (name === 'autocannon' || name === 'native') return driveInChild(name);
  throw new Error(`${name} cannot drive a cell`);
}

/** '' where it can run here, else what is missing and how to get it. */
export function whyNot(name: DriverName): string {
  return name === 'k6' && findK6() === null ? k6Missing : '';
}
