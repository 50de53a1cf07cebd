/** The life of a local cluster: start, get ready, watch, stop. Nothing is left behind. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { DsmError } from '../../core/errors.ts';
import type { Member } from '../../core/record.ts';
import type { NodeStatus } from '../../node/api.ts';
import { adminCalls, callAdmin } from '../admin-calls.ts';
import { exitCodes } from '../exit.ts';
import { formatTable, writeErrorLine, writeLine } from '../output.ts';
import { onParentGone } from '../run-node.ts';
import { Child, type ChildOptions, shellText, stopAll } from './child.ts';
import { type Prepared, prepare, type UpOptions } from './prepare.ts';
import { checkReady } from './ready.ts';

export interface RunClusterOptions {
  readonly json: boolean;
  readonly readyTimeoutMs: number;
  readonly exitWithParent: boolean;
}

/** A node stops itself within 5 s; what does not is killed. */
const stopGraceMs = 7000;
const readyPollMs = 100;
const logTailLines = 12;

/** 0 after a stop that was asked for; throws where the cluster did not get ready. */
export async function runCluster(options: UpOptions, run: RunClusterOptions): Promise<number> {
  const stop = onStopRequest(run.exitWithParent);
  const prepared = await prepare(options);
  const children: Child[] = [];
  try {
    for (const child of prepared.children) children.push(new Child(child));
    const active = await Promise.race([
      untilReady(children, prepared.secretFile, run.readyTimeoutMs),
      firstEnding(children),
      stop.asked,
    ]);
    if (active === undefined) return exitCodes.ok;
    for (const note of prepared.notes) await writeErrorLine(note);
    await writeLine(run.json ? readyJson(prepared, children, active) : readyText(children, active));
    return await watch(children, stop.asked);
  } finally {
    await stopAll(children, stopGraceMs, stop.hurried);
  }
}

/** `asked` at the first signal or when the parent is gone, `hurried` at the second signal. */
function onStopRequest(exitWithParent: boolean) {
  const asked = Promise.withResolvers<void>();
  const hurried = Promise.withResolvers<void>();
  let count = 0;
  const ask = () => {
    count += 1;
    if (count === 1) asked.resolve();
    else hurried.resolve();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, ask);
  if (exitWithParent) onParentGone(asked.resolve);
  return { asked: asked.promise, hurried: hurried.promise };
}

async function untilReady(
  children: readonly Child[],
  secretFile: string,
  timeoutMs: number,
): Promise<NodeStatus> {
  const secret = readFileSync(secretFile, 'utf8').trim();
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const readiness = await checkReady(children.map((child) => child.options));
    if (readiness.kind === 'ready') return readiness.active;
    if (readiness.kind === 'strays') {
      await removeStrays(readiness.active.url, readiness.strays, secret);
    }
    if (performance.now() > deadlineMs) {
      const logs = children.map((child) => child.options.logFile).join(' ');
      throw new Error(`not ready after ${timeoutMs} ms: ${readiness.reason}; see ${logs}`);
    }
    await new Promise((resolve) => setTimeout(resolve, readyPollMs));
  }
}

/** Where it does not work now it is tried again: the next look at the cluster finds them again. */
async function removeStrays(url: string, strays: readonly Member[], secret: string): Promise<void> {
  const flags = { masters: [url], timeoutMs: 2000, json: false };
  for (const stray of strays) {
    try {
      await callAdmin(flags, secret, adminCalls.remove(stray.nodeId));
      await writeErrorLine(`${stray.url} is not started any more: it has left the cluster`);
    } catch (error) {
      if (!(error instanceof DsmError)) throw error;
    }
  }
}

/** Rejects as soon as one child ends: before the cluster is ready none may. */
async function firstEnding(children: readonly Child[]): Promise<never> {
  const { child, ending } = await Promise.race(
    children.map(async (each) => ({ child: each, ending: await each.ended })),
  );
  const { node, logFile } = child.options;
  const tail = child.logTail(logTailLines);
  const log = tail === '' ? `${logFile} is empty` : `the end of ${logFile}:\n${tail}`;
  throw new Error(`${node.name} ${ending} before the cluster was ready; ${log}`);
}

/** Tells of every node that ends, and how to start it again; nothing is restarted by itself. */
async function watch(children: readonly Child[], stopAsked: Promise<void>): Promise<number> {
  let isStopping = false;
  const allEnded = Promise.all(
    children.map(async (child) => {
      const ending = await child.ended;
      if (!isStopping) await writeErrorLine(endingText(child.options, child.pid, ending));
    }),
  ).then(() => 'all-ended' as const);
  const reason = await Promise.race([allEnded, stopAsked]);
  isStopping = true;
  if (reason !== 'all-ended') return exitCodes.ok;
  await writeErrorLine('dsm up: every node has ended');
  return exitCodes.unavailable;
}

function endingText({ node, url, restartCommand }: ChildOptions, pid: number, ending: string) {
  return [
    `${node.name} (${url}, pid ${pid}) ${ending}. Start it again with:`,
    `  ${shellText(restartCommand)}`,
  ].join('\n');
}

function readyText(children: readonly Child[], active: NodeStatus): string {
  const rows = children.map(({ options, pid }) => [
    options.node.name,
    options.url === active.url ? 'active' : options.node.verb === 'slave' ? '' : 'standby',
    options.url,
    String(pid),
  ]);
  const pid = children.find(({ options }) => options.url === active.url)?.pid;
  const [first] = children;
  const last = children.findLast(({ options }) => options.node.verb !== 'slave') ?? first;
  return [
    formatTable([['NODE', '', 'URL', 'PID'], ...rows]),
    '',
    'Ready. Try in another terminal:',
    `  curl -X PUT --data-binary hello ${active.url}/v1/kv/greeting`,
    `  curl ${last?.options.url}/v1/kv/greeting`,
    `  kill -9 ${pid}        # the active master; then read again`,
    'Ctrl+C stops every node.',
  ].join('\n');
}

function readyJson(prepared: Prepared, children: readonly Child[], active: NodeStatus): string {
  const nodes = children.map(({ options, pid }) => ({
    name: options.node.name,
    role: options.node.verb,
    url: options.url,
    pid,
    log: options.logFile,
    restart: options.restartCommand,
  }));
  const { masters, runtime, secretFile } = prepared;
  return JSON.stringify({ active: active.url, masters, runtime, secretFile, nodes });
}
