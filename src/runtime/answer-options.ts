import type { AnswerOptions } from '../http/answers.ts';
import { runtimeName } from './serve.ts';

/** The form of answers that costs this runtime least. */
export function answerOptions(): AnswerOptions {
  const name = runtimeName();
  return { sharesHeaders: name === 'bun', announcesEmpty: name !== 'deno' };
}
