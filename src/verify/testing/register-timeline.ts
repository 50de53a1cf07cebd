/**
 * Pictures of histories of a register that knows more than dsm does: see `timeline.ts`. Operations:
 * get V, put V, app TEXT, cas A>B, fail A>B (a compare-and-set that found another value than A).
 * An arrow is written `→` because `>` ends a call.
 */
import type { Effect, Guard, RegisterInvocation } from '../register.ts';
import { readTimeline, splitKey } from './timeline.ts';

const empty = (value: string): string | null => (value === '-' ? null : value);

function actionOf(verb: string, value: string): { guard: Guard; effect: Effect } {
  const [expected = '', next = ''] = value.split('→');
  switch (verb) {
    case 'get':
      return { guard: { equals: empty(value) }, effect: { kind: 'none' } };
    case 'put':
      return { guard: {}, effect: { kind: 'set', value } };
    case 'app':
      return { guard: {}, effect: { kind: 'append', text: value } };
    case 'cas':
      return { guard: { equals: empty(expected) }, effect: { kind: 'set', value: next } };
    case 'fail':
      return { guard: { differsFrom: empty(expected) }, effect: { kind: 'none' } };
    default:
      throw new Error(`no operation ${verb}`);
  }
}

export function registerTimeline(picture: string): RegisterInvocation[] {
  return readTimeline(picture).map((drawn, id) => {
    const [verb = '', word = ''] = drawn.words;
    const { key, value } = splitKey(word);
    return {
      id,
      callTime: drawn.call,
      returnTime: drawn.return,
      isRequired: drawn.return !== Number.POSITIVE_INFINITY,
      action: { key, ...actionOf(verb, value) },
      label: `${drawn.words.join(' ')} by ${drawn.process}`,
    };
  });
}
