/** What a middleware answers where the store cannot be asked. */
import { HTTPException } from 'hono/http-exception';
import { DsmError } from '../core/errors.ts';

/** 503 for a failure that passes, for `app.onError` to see; else the error as it is. */
export function unavailable(error: unknown): unknown {
  if (!(error instanceof DsmError) || !error.retryable) return error;
  const res = new Response('The service is unavailable for a moment', {
    status: 503,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'retry-after': '1' },
  });
  return new HTTPException(503, { message: error.message, cause: error, res });
}
