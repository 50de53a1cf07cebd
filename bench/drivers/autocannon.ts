/**
 * The closed loop of autocannon. Its own latency histogram is not used: it drops everything below a
 * millisecond to 0. Each operation is measured and judged by the session at its response event.
 */
import autocannon from 'autocannon';
import type { Driver, LoadPlan } from '../measure/plan.ts';
import { LoadSession } from '../measure/session.ts';
import { runTimetable } from '../measure/timetable.ts';
import { createDialect } from './dialects.ts';
import { PacedClient } from './paced-client.ts';

/** autocannon notices that it should stop only at its next sample. */
const sampleMs = 100;
/** Shorter ones it refuses. */
const timeoutSMin = 1;

interface Running {
  /** Ends all connections; resolves when autocannon has ended too. */
  stop(): Promise<void>;
}

function startAutocannon(plan: LoadPlan, setupClient: (client: object) => void): Running {
  const lengthMs = plan.warmupMs + plan.measureMs + plan.drainMs;
  const ended = Promise.withResolvers<void>();
  const options: autocannon.Options = {
    // Several URLs are documented, and missing from the types: connection i takes i % length.
    url: plan.targets as unknown as string,
    connections: plan.clients,
    pipelining: 1,
    // The timetable decides; this is only the last resort.
    duration: Math.ceil(lengthMs / 1000) + 60,
    // It runs from request to request, so it must allow for the rest between them.
    timeout: Math.max(timeoutSMin, (plan.timeoutMs + plan.workload.thinkMs) / 1000),
    sampleInt: sampleMs,
    setupClient,
  };
  const instance = autocannon(options, (error: Error | null) => {
    if (error) ended.reject(error);
    else ended.resolve();
  });
  return {
    stop() {
      instance.stop();
      return ended.promise;
    },
  };
}

export const driveAutocannon: Driver = async (plan, onEvent, stop) => {
  if (plan.rateRps !== null) {
    throw new Error('autocannon paces in bursts: use --driver native or k6 for an open run');
  }
  const dialect = createDialect(plan.dialect, plan.workload.valueBytes);
  const session = new LoadSession(plan, dialect, onEvent);
  const clients: PacedClient[] = [];
  const running = startAutocannon(plan, (client) => {
    clients.push(new PacedClient(session, clients.length, client));
  });
  const waiting = () => clients.reduce((sum, client) => sum + Number(client.waiting), 0);
  try {
    const timing = await runTimetable(session, stop, waiting);
    return { ...session.results(waiting()), ...timing, open: null };
  } finally {
    for (const client of clients) client.close();
    await running.stop();
  }
};
