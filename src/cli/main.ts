#!/usr/bin/env node
/** The command `dsm`. */
import { enter } from './enter.ts';

await enter();
