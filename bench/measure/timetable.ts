/**
 * Takes a session through warm-up, measured window and drain, one sample per second, and measures
 * what the generator itself cost in the window. Times are monotonic; the wall clock is only
 * compared.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Measurement } from '../results/schema.ts';
import type { LoadSession } from './session.ts';

/** Errors are tolerated so long: the first connections of a fresh cluster may need a moment. */
const hopelessAfterMs = 2_000;
const drainPollMs = 5;

type Timing = Pick<Measurement, 'measuredS' | 'wallS' | 'generator' | 'aborted'>;

/** Resolves at `atMs` of the monotonic clock, or at once when the run is stopped. */
function until(atMs: number, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stop.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.max(0, atMs - performance.now()));
    stop.addEventListener('abort', done);
  });
}

/** Runs one phase in samples, the last one shorter. Returns why it ended early, or ''. */
async function runPhase(session: LoadSession, lengthMs: number, stop: AbortSignal, bornMs: number) {
  const startMs = performance.now();
  const { sampleMs } = session.plan;
  let sampleStartMs = startMs;
  for (let endMs = 0; endMs < lengthMs; ) {
    endMs = Math.min(endMs + sampleMs, lengthMs);
    await until(startMs + endMs, stop);
    const nowMs = performance.now();
    session.closeSample((nowMs - sampleStartMs) / 1000);
    sampleStartMs = nowMs;
    if (stop.aborted) return 'stopped';
    if (nowMs - bornMs > hopelessAfterMs && session.hopeless) {
      return `more than ${session.plan.abortErrorShare * 100} % errors`;
    }
  }
  return '';
}

function watchGenerator() {
  const cpu = process.cpuUsage();
  const utilization = performance.eventLoopUtilization();
  const delay = monitorEventLoopDelay({ resolution: 2 });
  delay.enable();
  const startMs = performance.now();
  return (): Measurement['generator'] => {
    delay.disable();
    const used = process.cpuUsage(cpu);
    return {
      cpuPct: ((used.user + used.system) / 1000 / (performance.now() - startMs)) * 100,
      eventLoopUtilization: performance.eventLoopUtilization(utilization).utilization,
      loopDelayP99Ms: delay.percentile(99) / 1e6,
    };
  };
}

/** The driver issues requests while `session.issuing`; `waiting` counts what it still expects. */
export async function runTimetable(
  session: LoadSession,
  stop: AbortSignal,
  waiting: () => number,
): Promise<Timing> {
  const { warmupMs, measureMs, drainMs } = session.plan;
  const bornMs = performance.now();
  session.enter('warmup');
  let aborted = await runPhase(session, warmupMs, stop, bornMs);
  const startMs = performance.now();
  const startWallMs = Date.now();
  const readGenerator = watchGenerator();
  session.enter('measure');
  if (aborted === '') aborted = await runPhase(session, measureMs, stop, bornMs);
  const measuredS = (performance.now() - startMs) / 1000;
  const wallS = (Date.now() - startWallMs) / 1000;
  const generator = readGenerator();
  session.enter('drain');
  const drainEndMs = performance.now() + drainMs;
  while (waiting() > 0 && performance.now() < drainEndMs) {
    await new Promise((resolve) => setTimeout(resolve, drainPollMs));
  }
  return { measuredS, wallS, generator, aborted };
}
