/**
 * What a person sees while a run goes on, on stderr: on a terminal a block that is redrawn, at most
 * four times a second, elsewhere one line per cell.
 */
import { createLogUpdate } from 'log-update';
import type { CellOrder } from '../cell.ts';
import type { LoadEvent } from '../measure/plan.ts';
import type { Cell, Sample } from '../results/schema.ts';

const redrawMs = 250;
const barWidth = 24;

export interface Progress {
  begin(order: CellOrder, phase: string): void;
  onEvent(event: LoadEvent): void;
  finish(cell: Cell): void;
  failed(order: CellOrder, message: string): void;
  note(message: string): void;
  close(): void;
}

const us = (value: number | null): string =>
  value === null ? '–' : value < 10_000 ? `${value} µs` : `${(value / 1000).toFixed(1)} ms`;

export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  if (h > 0) return `${h} h ${m} min`;
  return m > 0 ? `${m} min ${s} s` : `${s} s`;
}

export const bar = (share: number): string => {
  const full = Math.round(Math.min(1, Math.max(0, share)) * barWidth);
  return '█'.repeat(full) + '░'.repeat(barWidth - full);
};

/** One finished cell in one line. */
export function cellLine(cell: Cell, done: number, total: number): string {
  const { window, measuredS } = cell.measurement;
  const attempted = window.attemptedReads + window.attemptedWrites;
  const errors = attempted === 0 ? 100 : ((attempted - window.success) / attempted) * 100;
  const red = cell.findings.filter(({ result, weight }) => result === 'fail' && weight !== 'mark');
  const verdict = cell.valid ? (cell.noisy ? 'valid, noisy' : 'valid') : 'INVALID';
  const gates = red.map(({ gate, name, detail }) => `gate ${gate} ${name}: ${detail}`);
  return [
    `${String(done).padStart(String(total).length)}/${total} ${cell.key} #${cell.repeat + 1}`,
    `${(window.success / measuredS).toFixed(0)} op/s`,
    `read p50 ${us(window.read.p50Us)} p99 ${us(window.read.p99Us)}`,
    `write p50 ${us(window.write.p50Us)} p99 ${us(window.write.p99Us)}`,
    `errors ${errors.toFixed(2)} %`,
    [verdict, ...gates].join('; '),
  ].join(' · ');
}

interface State {
  order: CellOrder | null;
  phase: string;
  phaseStartMs: number;
  last: Sample | null;
  done: number;
  invalid: number;
  noisy: number;
  cellMs: number;
  cellStartMs: number;
}

function phaseShare(state: State, nowMs: number): number {
  const config = state.order?.config;
  if (config === undefined) return 0;
  const lengthS =
    state.phase === 'warmup' ? config.warmupS : state.phase === 'measure' ? config.measureS : 0;
  return lengthS === 0 ? 0 : (nowMs - state.phaseStartMs) / 1000 / lengthS;
}

/** The block on a terminal. */
export function statusBlock(state: State, total: number, nowMs: number): string {
  const { order, last } = state;
  if (order === null) return '';
  const { config } = order;
  const errors = last === null ? 0 : last.readsFailed + last.writesFailed;
  const attempts = last === null ? 0 : last.success + errors;
  const etaS =
    state.done === 0 ? null : ((state.cellMs / state.done) * (total - state.done)) / 1000;
  return [
    `cell ${state.done + 1}/${total}  pass ${order.repeat + 1}  ${order.key}` +
      `  (${config.clients} clients, ${config.slaves} slaves)`,
    `${bar(phaseShare(state, nowMs))} ${state.phase}`,
    last === null
      ? 'no sample yet'
      : `${(last.success / last.lengthS).toFixed(0)} op/s  ` +
        `read p50 ${us(last.read.p50Us)} p99 ${us(last.read.p99Us)}  ` +
        `write p50 ${us(last.write.p50Us)} p99 ${us(last.write.p99Us)}  ` +
        `errors ${attempts === 0 ? 0 : ((errors / attempts) * 100).toFixed(2)} %`,
    `${state.done} done, ${state.invalid} invalid, ${state.noisy} noisy` +
      `${etaS === null ? '' : `  about ${duration(etaS)} to go`}`,
  ].join('\n');
}

const emptyState = (): State => ({
  order: null,
  phase: '',
  phaseStartMs: 0,
  last: null,
  done: 0,
  invalid: 0,
  noisy: 0,
  cellMs: 0,
  cellStartMs: 0,
});

/** Where lines go, and where the block is redrawn under them on a terminal. */
function createScreen(stream: NodeJS.WriteStream, block: () => string) {
  const isTerminal = stream.isTTY === true && !process.env.CI;
  const update = createLogUpdate(stream);
  const timer = isTerminal ? setInterval(() => update(block()), redrawMs) : undefined;
  return {
    line(text: string): void {
      if (isTerminal) update.clear();
      stream.write(`${text}\n`);
    },
    close(): void {
      clearInterval(timer);
      if (isTerminal) update.clear();
    },
  };
}

export function createProgress(
  total: number,
  stream: NodeJS.WriteStream = process.stderr,
): Progress {
  const state = emptyState();
  const { line, close } = createScreen(stream, () => statusBlock(state, total, performance.now()));
  const end = () => {
    state.done += 1;
    state.cellMs += performance.now() - state.cellStartMs;
  };
  return {
    begin(order, phase) {
      const nowMs = performance.now();
      Object.assign(state, { order, phase, phaseStartMs: nowMs, cellStartMs: nowMs, last: null });
    },
    onEvent(event) {
      if (event.type === 'sample') state.last = event.sample;
      else Object.assign(state, { phase: event.phase, phaseStartMs: performance.now() });
    },
    finish(cell) {
      end();
      state.invalid += Number(!cell.valid);
      state.noisy += Number(cell.noisy);
      line(cellLine(cell, state.done, total));
    },
    failed(order, message) {
      end();
      state.invalid += 1;
      line(`${state.done}/${total} ${order.key} · FAILED: ${message}`);
    },
    note: line,
    close,
  };
}
