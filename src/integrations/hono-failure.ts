/** What a middleware answers where the store cannot be asked. */
import { HTTPException } from 'hono/http-exception';
import { DsmError } from '../core/errors.ts';

/** True for a failure that passes: nobody answers, or there is no room. */
export function isPassing(error: unknown): boolean {
  return error instanceof DsmError && (error.retryable || error.code === 'memory_quota');
}

/** Rejects with a 503 for a failure that passes, for `app.onError` to see; else with the error as it is. */
export async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof DsmError && isPassing(error))) throw error;
    const res = new Response('The service is unavailable for a moment', {
      status: 503,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'retry-after': '1' },
    });
    throw new HTTPException(503, { message: error.message, cause: error, res });
  }
}
