/**
 * A conversation with the cluster, line by line: at a terminal with a prompt that names the master
 * in use, from a pipe without one. A line is finished before the next one begins.
 */
import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import type { Client } from '../client/client.ts';
import type { Entry } from '../client/types.ts';
import { DsmError } from '../core/errors.ts';
import { statusTimeoutMs, viewCluster } from './cluster-view.ts';
import { exitCodeOf, exitCodes } from './exit.ts';
import { write } from './output.ts';
import { formatStatus } from './status-verb.ts';

export interface SessionOptions {
  readonly client: Client;
  /** The first one is called PRIMARY in the prompt, every other one BACKUP. */
  readonly masters: readonly string[];
  readonly input: Readable;
  readonly output: Writable;
  readonly isTerminal: boolean;
}

const help = `READ key            print the value
WRITE key value…    store the rest of the line
DELETE key          delete the key
STATUS              show the nodes
HELP                show this
EXIT                leave (or Ctrl+D)`;

/** Gives the exit code of the last command that failed, 0 where none did. */
export async function runSession(options: SessionOptions): Promise<number> {
  const { client, masters, input, output, isTerminal } = options;
  const terminal = isTerminal ? { output, terminal: true } : { terminal: false };
  const lines = createInterface({ input, ...terminal });
  const say = (text: string) => write(output, text === '' ? '' : `${text}\n`);
  const running: { command: AbortController | null } = { command: null };
  // Ctrl+C ends the command that runs; where none does, the conversation.
  lines.on('SIGINT', () => {
    if (running.command === null) lines.close();
    else running.command.abort(new Error('interrupted; a write may have been applied'));
  });
  const stopTelling = client.onMasterChange(({ from, to }) => {
    void say(`master changed: ${from} → ${to}`);
  });
  const prompt = () => {
    lines.setPrompt(promptOf(client.master, masters));
    if (isTerminal) lines.prompt();
  };
  let exitCode: number = exitCodes.ok;
  let hasExited = false;
  if (isTerminal) await say(await greeting(client));
  prompt();
  for await (const text of lines) {
    const line = parseLine(text);
    hasExited = line.name === 'EXIT';
    if (hasExited) break;
    running.command = new AbortController();
    const result = await attempt(line, options, running.command.signal);
    running.command = null;
    if (result.exitCode !== exitCodes.ok) ({ exitCode } = result);
    await say(result.text);
    prompt();
  }
  // Ctrl+C and Ctrl+D leave the cursor behind the prompt.
  if (isTerminal && !hasExited) await write(output, '\n');
  stopTelling();
  lines.close();
  return exitCode;
}

/** Asks who is active before the first prompt names a master; waits a moment at most. */
async function greeting(client: Client): Promise<string> {
  try {
    await client.status({ timeoutMs: statusTimeoutMs });
    return 'HELP lists the commands.';
  } catch {
    return 'No node answers yet. HELP lists the commands.';
  }
}

interface Result {
  readonly text: string;
  readonly exitCode: number;
}

async function attempt(line: Line, options: SessionOptions, signal: AbortSignal): Promise<Result> {
  try {
    return { text: await carryOut(line, options, signal), exitCode: exitCodes.ok };
  } catch (error) {
    return { text: errorText(error), exitCode: exitCodeOf(error) };
  }
}

/** `[PRIMARY] http://127.0.0.1:12345> `: the master that the next command goes to first. */
export function promptOf(master: string | null, masters: readonly string[]): string {
  const url = master ?? masters[0] ?? '';
  return `[${url === masters[0] ? 'PRIMARY' : 'BACKUP'}] ${url}> `;
}

interface Line {
  /** Upper case. */
  readonly name: string;
  readonly key: string;
  /** The rest of the line as it was typed. */
  readonly value: string;
}

export function parseLine(line: string): Line {
  const match = /^\s*(\S*)\s*(\S*)(?:\s(.*))?$/s.exec(line);
  const [, name = '', key = '', value = ''] = match ?? [];
  return { name: name.toUpperCase(), key, value };
}

async function carryOut(line: Line, options: SessionOptions, signal: AbortSignal): Promise<string> {
  const { client } = options;
  switch (line.name) {
    case '':
      return '';
    case 'HELP':
      return help;
    case 'STATUS':
      return formatStatus(await viewCluster(options.masters));
    case 'READ': {
      const entry = await client.get(keyOf(line), { signal });
      return entry === null ? 'NOT_FOUND' : shown(entry);
    }
    case 'WRITE': {
      const { revision } = await client.put(keyOf(line), line.value, { signal });
      return `OK revision ${revision}`;
    }
    case 'DELETE': {
      const { deleted } = await client.delete(keyOf(line), { signal });
      return deleted ? 'OK deleted' : 'NOT_FOUND';
    }
    default:
      throw new DsmError('invalid_request', `${line.name} is no command; HELP lists them`);
  }
}

function keyOf(line: Line): string {
  if (line.key !== '') return line.key;
  throw new DsmError('invalid_key', `${line.name} needs a key; HELP shows how`);
}

/** Text as it is; of other bytes only what they are, for they would upset a terminal. */
function shown(entry: Entry): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(entry.value);
  } catch {
    return `(${entry.value.length} bytes of ${entry.contentType}; dsm read prints them)`;
  }
}

function errorText(error: unknown): string {
  if (error instanceof DsmError) return `ERROR ${error.code}: ${error.message}`;
  return `ERROR ${error instanceof Error ? error.message : String(error)}`;
}
