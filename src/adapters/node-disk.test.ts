import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNodeDisk } from './node-disk.ts';
import { call } from './storage-fixtures.ts';

let directory = '';

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'dsm-disk-'));
});

afterEach(() => fs.rmSync(directory, { recursive: true }));

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (content: Uint8Array) => new TextDecoder().decode(content);

test('a file is appended to, cut, and read back', async () => {
  const disk = createNodeDisk(directory);
  const file = disk.open('a');
  expect(file.sizeBytes).toBe(0);
  await call((done) => file.write(file.sizeBytes, [bytes('one '), bytes(''), bytes('two')], done));
  await call((done) => file.sync(done));
  expect(file.sizeBytes).toBe(7);
  await call((done) => file.truncate(4, done));
  await call((done) => file.write(file.sizeBytes, [bytes('three')], done));
  file.close();
  expect(text(disk.read('a'))).toBe('one three');
  const again = disk.open('a');
  expect(again.sizeBytes).toBe(9);
  again.close();
});

test('a file is written over, and beyond its end', async () => {
  const disk = createNodeDisk(directory);
  const file = disk.open('a');
  await call((done) => file.write(0, [bytes('one two three')], done));
  await call((done) => file.write(4, [bytes('t'), bytes('en')], done));
  expect([text(disk.read('a')), file.sizeBytes]).toEqual(['one ten three', 13]);
  await call((done) => file.write(8, [bytes('eleven')], done));
  expect([text(disk.read('a')), file.sizeBytes]).toEqual(['one ten eleven', 14]);
  // What is too long for the event loop goes through the thread pool.
  const long = 'x'.repeat(200_000);
  await call((done) => file.write(4, [bytes(long), bytes(long), bytes('end')], done));
  await call((done) => file.sync(done));
  expect(text(disk.read('a'))).toBe(`one ${long}${long}end`);
  expect(file.sizeBytes).toBe(400_007);
  file.close();
});

test('operations on one file keep their order', async () => {
  const file = createNodeDisk(directory).open('a');
  const answers: number[] = [];
  for (let index = 0; index < 50; index += 1) {
    file.write(index, [bytes(`${index} `)], () => answers.push(index));
  }
  file.truncate(0, () => answers.push(50));
  await call((done) => file.write(0, [bytes('last')], done));
  file.close();
  expect(answers).toEqual(Array.from({ length: 51 }, (_, index) => index));
  expect(text(createNodeDisk(directory).read('a'))).toBe('last');
});

test('more chunks than one system call takes are written whole', async () => {
  const file = createNodeDisk(directory).open('a');
  const chunks = Array.from({ length: 3000 }, (_, index) => bytes(`${index},`));
  await call((done) => file.write(file.sizeBytes, chunks, done));
  file.close();
  expect(text(createNodeDisk(directory).read('a'))).toBe(chunks.map(text).join(''));
});

test('names are listed sorted, renamed, replaced, removed; directories are not files', async () => {
  const disk = createNodeDisk(directory);
  fs.mkdirSync(path.join(directory, 'folder'));
  for (const name of ['c', 'a', 'b']) disk.open(name).close();
  expect(disk.list()).toEqual(['a', 'b', 'c']);
  await call((done) => disk.rename('a', 'c', done));
  await call((done) => disk.remove('b', done));
  await call((done) => disk.syncDirectory(done));
  expect(disk.list()).toEqual(['c']);
});

test('errors name the file and what was done to it', async () => {
  const disk = createNodeDisk(directory);
  expect(() => disk.read('none')).toThrow(/Reading .*none: ENOENT/);
  await expect(call((done) => disk.remove('none', done))).rejects.toThrow(
    /Removing .*none: ENOENT/,
  );
  await expect(call((done) => disk.rename('a', 'b', done))).rejects.toThrow(/Renaming .*a to b/);
  const file = disk.open('a');
  file.close();
  await expect(call((done) => file.sync(done))).rejects.toThrow(/a is closed/);
});

test.runIf(fs.existsSync('/dev/full'))('a full disk is an error', async () => {
  fs.symlinkSync('/dev/full', path.join(directory, 'a'));
  const file = createNodeDisk(directory).open('a');
  await expect(call((done) => file.write(file.sizeBytes, [bytes('one')], done))).rejects.toThrow(
    'ENOSPC',
  );
  file.close();
});

test.skipIf(process.platform === 'win32')('a write cut short is an error', () => {
  const module = new URL('./node-disk.ts', import.meta.url).href;
  const script = `
    const { createNodeDisk } = await import(${JSON.stringify(module)});
    const file = createNodeDisk(process.argv[1]).open('a');
    file.write(file.sizeBytes, [new Uint8Array(1e6)], (error) => process.stdout.write(String(error?.message)));`;
  // A file may be no longer than 8 or 16 KiB: the first write gets that far.
  const limit = 'trap "" XFSZ; ulimit -f 16; exec "$@"';
  const node = [process.execPath, '--input-type=module', '--eval', script, directory];
  const said = execFileSync('sh', ['-c', limit, 'sh', ...node], { encoding: 'utf8' });
  expect(said).toMatch(/Writing .*a: only \d+ of 1000000 bytes were written; is it full\?/);
});

test('a directory is created; one that cannot be used is refused', () => {
  const disk = createNodeDisk(path.join(directory, 'new', 'deep'));
  expect(disk.list()).toEqual([]);
  const occupied = path.join(directory, 'occupied');
  fs.writeFileSync(occupied, '');
  expect(() => createNodeDisk(occupied)).toThrow(
    /data directory .*occupied cannot be used.*EEXIST/,
  );
  expect(() => createNodeDisk(path.join(occupied, 'x'))).toThrow('let this user write to it');
});
