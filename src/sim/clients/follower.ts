/**
 * Lists what is there and then follows what changes, by polls at any node, as a cache does. The oracle
 * knows what it must have been told: every change once, in order, or that it must begin anew.
 */
import type { Followed } from '../model/oracle.ts';
import { Caller } from './caller.ts';
import { type ClientsContext, TurnClient } from './context.ts';

const waitMs = 1000;

export class Follower extends TurnClient {
  readonly #caller: Caller;
  readonly #prefix: string;
  #followed: Followed | null = null;
  /** What was looked at, for a test that it is. */
  readonly looks = { changes: 0, lists: 0, gone: 0 };

  constructor(context: ClientsContext, name: string, prefix: string) {
    super(context);
    this.#prefix = prefix;
    this.#caller = new Caller(context, name);
  }

  protected turn(): void {
    if (this.#followed === null) this.#list();
    else this.#poll(this.#followed);
  }

  #list(): void {
    const { highestDoneLsn } = this.context.invariants;
    this.#caller.ask({ kind: 'list', prefix: this.#prefix }, 0, (reply) => {
      if (reply?.kind === 'listed') {
        this.looks.lists += 1;
        const { revision, shown } = reply;
        if (revision < highestDoneLsn) {
          this.#caller.violate(`a list of ${revision}, and ${highestDoneLsn} was done`);
        }
        const { oracle } = this.context.invariants;
        const prefix = this.#prefix;
        oracle.listed.push({ prefix, revision, shown });
        this.#followed = { prefix, from: revision, until: revision, changes: [] };
        oracle.followed.push(this.#followed);
      }
      this.next();
    });
  }

  #poll(followed: Followed): void {
    const { prefix, until: from } = followed;
    // Now and then it begins anew, as a cache does that was dropped.
    if (this.context.random.chance(0.05)) return this.#list();
    this.#caller.ask({ kind: 'poll', prefix, from, waitMs }, waitMs, (reply) => {
      if (reply?.kind === 'gone') {
        this.looks.gone += 1;
        this.#followed = null;
      }
      if (reply?.kind === 'polled') {
        this.looks.changes += reply.changes.length;
        followed.changes.push(...reply.changes);
        followed.until = reply.revision;
        if (reply.revision < from) this.#caller.violate(`a watch went back from ${from}`);
      }
      this.next();
    });
  }

  /** The oracle has looked at what was told. */
  check(): void {}
}
