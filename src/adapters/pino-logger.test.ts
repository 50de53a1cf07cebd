import { expect, test } from 'vitest';
import { createPinoLogger, type PinoLoggerOptions } from './pino-logger.ts';

function logTo(options: Partial<PinoLoggerOptions>) {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const logger = createPinoLogger({ level: 'info', isPretty: false, write, ...options });
  return { lines, logger };
}

test('a machine reads one JSON object per line, with what every line of the node says', () => {
  const { lines, logger } = logTo({ fields: { nodeId: 'a' } });
  logger.warn('a slave is silent', { url: 'http://127.0.0.1:1' });
  expect(lines).toHaveLength(1);
  const line: unknown = JSON.parse(lines[0] ?? '');
  const facts = { msg: 'a slave is silent', nodeId: 'a', url: 'http://127.0.0.1:1', level: 40 };
  expect(line).toMatchObject(facts);
  expect(line).toHaveProperty('time', expect.stringMatching(/^\d{4}-\d\d-\d\dT/));
  expect(lines[0]).toMatch(/\n$/);
});

test('a person reads the sentence, and the facts below it', () => {
  const { lines, logger } = logTo({ isPretty: true });
  logger.error('the log is damaged', { file: 'a.log' });
  expect(lines.join('')).toMatch(/ERROR.*the log is damaged.*file.*a\.log/s);
});

test('what is below the level is not written', () => {
  const { lines, logger } = logTo({ level: 'warn' });
  logger.debug('a');
  logger.info('b');
  logger.warn('c');
  expect(lines).toHaveLength(1);
});

test('a line without facts is a line', () => {
  const { lines, logger } = logTo({ level: 'debug' });
  logger.debug('nothing to add');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: 'nothing to add' });
});
