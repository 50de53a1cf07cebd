/** `dsm/hono`: sessions and rate limits that many Hono servers share. */
export { type RateLimitOptions, rateLimit } from './hono-rate-limit.ts';
export {
  Session,
  type SessionData,
  type SessionsEnv,
  type SessionsOptions,
  sessions,
} from './hono-sessions.ts';
