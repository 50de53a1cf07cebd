/**
 * Our own driver, on undici: the reference that autocannon and k6 are held against, the open model,
 * and the one that can follow a cluster through a failover. Each client is one connection with at
 * most one request under way.
 *
 * Open model: requests are due on a fixed schedule, whatever the server does; a request waits for a
 * free client, and its latency counts from the moment at which it was due, so a stall is seen
 * by every request that it delayed (no coordinated omission).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Dispatcher } from 'undici';
import { Latencies } from '../measure/histogram.ts';
import type { Driver, LoadPlan } from '../measure/plan.ts';
import { rested } from '../measure/rest.ts';
import { type Issued, LoadSession } from '../measure/session.ts';
import { runTimetable } from '../measure/timetable.ts';
import type { Measurement } from '../results/schema.ts';
import type { Cause } from '../workload/dialect.ts';
import { createDialect } from './dialects.ts';

const backoffMsMin = 10;
const backoffMsMax = 500;
/** Due requests that found no free client; beyond this they are dropped, and counted. */
const backlogMax = 10_000;

function causeOf(error: Error & { code?: string }): Cause {
  if (error.code === 'ECONNREFUSED') return 'refused';
  if (/TIMEOUT/.test(error.code ?? '')) return 'timeout';
  return 'reset';
}

/** One client: its connections and its one request under way. */
class NativeClient {
  readonly #session: LoadSession;
  readonly #index: number;
  readonly #connections: Client[];
  #current: number;
  #failures = 0;
  waiting = false;

  constructor(session: LoadSession, index: number) {
    this.#session = session;
    this.#index = index;
    const { targets, roam, timeoutMs } = session.plan;
    const own = roam ? [...targets] : [targets[index % targets.length]!];
    this.#connections = own.map(
      (url) =>
        new Client(url, {
          pipelining: 1,
          headersTimeout: timeoutMs,
          bodyTimeout: timeoutMs,
          connectTimeout: timeoutMs,
        }),
    );
    this.#current = 0;
  }

  /** Sends the next operation; resolves when it is answered, or has failed and was paid for. */
  async operate(dueAtMs: number): Promise<void> {
    const issued = this.#session.begin(this.#index, dueAtMs);
    this.waiting = true;
    try {
      await this.#exchange(issued);
      this.#failures = 0;
      this.waiting = false;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.waiting = false;
      this.#session.fail(issued, causeOf(error), error.message);
      this.#failures += 1;
      this.#current = (this.#current + 1) % this.#connections.length;
      const ceilingMs = Math.min(backoffMsMax, backoffMsMin * 2 ** (this.#failures - 1));
      await sleep(ceilingMs * (0.5 + Math.random() / 2));
    }
  }

  async #exchange(issued: Issued): Promise<void> {
    const { method, path, headers, body } = issued.request;
    const options: Dispatcher.RequestOptions = { method, path, headers: { ...headers } };
    if (body !== '') options.body = body;
    const answer = await this.#connections[this.#current]!.request(options);
    this.#session.answer(issued, answer.statusCode, await answer.body.text());
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.destroy()));
  }
}

async function closedLoop(session: LoadSession, client: NativeClient): Promise<void> {
  const { thinkMs } = session.plan.workload;
  while (session.issuing) {
    if (thinkMs > 0) await rested(performance.now() + thinkMs);
    if (session.issuing) await client.operate(performance.now());
  }
}

/** Spaces requests evenly and hands them to free clients, first due first. */
class OpenSchedule {
  readonly #rateRps: number;
  readonly #free: NativeClient[];
  readonly #due: number[] = [];
  readonly #lag = new Latencies();
  #dropped = 0;

  constructor(rateRps: number, clients: readonly NativeClient[]) {
    this.#rateRps = rateRps;
    this.#free = [...clients];
  }

  async run(session: LoadSession): Promise<void> {
    const startMs = performance.now();
    const gapMs = 1000 / this.#rateRps;
    for (let index = 0; session.issuing; ) {
      const nowMs = performance.now();
      for (; startMs + index * gapMs <= nowMs; index += 1) {
        const dueAtMs = startMs + index * gapMs;
        this.#lag.record((nowMs - dueAtMs) * 1000);
        if (this.#due.length >= backlogMax) this.#dropped += 1;
        else this.#due.push(dueAtMs);
      }
      this.#serve(session);
      const restMs = startMs + index * gapMs - performance.now();
      // A timer is good to about a millisecond; the rest is spent in turns of the event loop.
      if (restMs > 2) await sleep(restMs - 1);
      else await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #serve(session: LoadSession): void {
    while (this.#due.length > 0 && this.#free.length > 0 && session.issuing) {
      const client = this.#free.pop()!;
      void client.operate(this.#due.shift()!).then(() => {
        this.#free.push(client);
        this.#serve(session);
      });
    }
  }

  result(): NonNullable<Measurement['open']> {
    const { p50Us, p99Us } = this.#lag.summary();
    const dropped = this.#dropped;
    return { offeredRps: this.#rateRps, dropped, lagP50Us: p50Us, lagP99Us: p99Us };
  }
}

function startLoad(plan: LoadPlan, session: LoadSession, clients: readonly NativeClient[]) {
  if (plan.rateRps === null) {
    return { loops: clients.map((client) => closedLoop(session, client)), schedule: null };
  }
  const schedule = new OpenSchedule(plan.rateRps, clients);
  return { loops: [schedule.run(session)], schedule };
}

export const driveNative: Driver = async (plan, onEvent, stop) => {
  const dialect = createDialect(plan.dialect, plan.workload.valueBytes);
  const session = new LoadSession(plan, dialect, onEvent);
  const clients = Array.from(
    { length: plan.clients },
    (_, index) => new NativeClient(session, index),
  );
  const waiting = () => clients.reduce((sum, client) => sum + Number(client.waiting), 0);
  const { loops, schedule } = startLoad(plan, session, clients);
  try {
    const timing = await runTimetable(session, stop, waiting);
    const results = session.results(waiting());
    return { ...results, ...timing, open: schedule?.result() ?? null };
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await Promise.all(loops);
  }
};
