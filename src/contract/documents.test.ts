/** Every example of the documentation, as it stands there, against a real cluster. */
import { spawnSync } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { type Block, blocksOf, commandsOf, moduleOf, patternOf } from '../docs/examples.ts';
import { dsmScript } from './cluster.ts';
import { sharedCluster, steadyMaster } from './fixture.ts';

const docs = fileURLToPath(new URL('../docs/', import.meta.url));
/** Of the README only what is typed: its modules are sketches. */
const documents = [
  { name: 'README.md', file: join(docs, '../../README.md'), languages: ['console'] },
  ...readdirSync(docs)
    .filter((name) => name.endsWith('.md'))
    .map((name) => ({ name, file: join(docs, name), languages: ['console', 'ts'] })),
];
const binaries = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url));
const sources = pathToFileURL(join(docs, '..')).href;

/** Between what one command prints and what the next one does. */
const separator = '\x1e';
const timeout = 60_000;

const cluster = sharedCluster({ slaves: 1, flags: steadyMaster });
const directory = mkdtempSync(join(tmpdir(), 'dsm-documents-'));
// For the packages that an example imports.
symlinkSync(join(docs, '../../node_modules'), join(directory, 'node_modules'), 'junction');
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function environment(): NodeJS.ProcessEnv {
  const [url = ''] = cluster().masterUrls;
  const path = `${binaries}${delimiter}${process.env.PATH}`;
  return {
    ...process.env,
    PATH: path,
    DSM: url,
    DSM_MASTERS: cluster().masterUrls.join(','),
    DSM_CLUSTER_SECRET_FILE: join(cluster().dataDir, 'cluster.secret'),
  };
}

/** All commands of a block in one shell, so that they share its variables. */
function runSession(block: Block): void {
  const commands = commandsOf(block);
  const script = commands.map(({ text }) => `{ ${text}\n} 2>&1; printf '${separator}'`);
  const whole = `dsm() { node ${JSON.stringify(dsmScript)} "$@"; }\ncurl() { command curl -s "$@"; }\n${script.join('\n')}\n`;
  const options = { cwd: directory, env: environment(), encoding: 'utf8', timeout } as const;
  const { stdout, stderr } = spawnSync('bash', ['-c', whole], options);
  const printed = stdout.split(separator);
  for (const [index, { line, text, prints }] of commands.entries()) {
    const said = printed[index] ?? '';
    const ended = said === '' || said.endsWith('\n') ? said : `${said}\n`;
    expect(ended, `line ${line}: ${text}\n${stderr}`).toMatch(patternOf(prints));
  }
}

/** Of a subpath of the package, by its `exports`. */
function sourceOf(name: string): string {
  const target: unknown = packageJson.exports[`./${name}` as keyof typeof packageJson.exports];
  const path = JSON.stringify(target).match(/"default":"\.\/dist\/([^"]+)\.js"/)?.[1];
  if (path === undefined) throw new Error(`the package does not export ${name}`);
  return `${path}.ts`;
}

function runModule(block: Block): void {
  const file = join(directory, 'example.ts');
  const code = moduleOf(block)
    .replaceAll("'dsm'", `'${sources}/index.ts'`)
    .replaceAll(/'dsm\/([\w-]+)'/g, (_, name: string) => `'${sources}/${sourceOf(name)}'`)
    .replaceAll("'zod'", `'${import.meta.resolve('zod')}'`)
    .replaceAll("'http://127.0.0.1:12345'", `'${cluster().masterUrls[0]}'`);
  writeFileSync(file, code);
  const options = { env: environment(), encoding: 'utf8', timeout } as const;
  const { status, stderr } = spawnSync('node', [file], options);
  expect(status, `line ${block.line}: ${stderr}`).toBe(0);
}

describe.each(documents)('$name', ({ file, languages }) => {
  beforeAll(async () => {
    const { url } = await cluster().active();
    await fetch(`${url}/v1/kv?prefix=`, { method: 'DELETE' });
  });
  const examples = blocksOf(readFileSync(file, 'utf8')).filter(({ language }) =>
    languages.includes(language),
  );
  it.each(examples.map((block) => [block.line, block] as const))('line %i', (_line, block) => {
    if (block.language === 'console') runSession(block);
    else runModule(block);
  });
});
