/**
 * Moves amounts between accounts, in transactions that hold only if nobody moved anything meanwhile.
 * Whoever reads the accounts in one transaction finds that they add up to 0, and a transaction that
 * fails in its middle leaves nothing.
 */
import { Task } from './task.ts';

const accounts = ['task/account-1', 'task/account-2', 'task/account-3'] as const;
/** Changed by every move: its revision says whether there was one. */
const ledger = 'task/ledger';
/** Holds no number. */
const sign = 'task/sign';

const pick = () => accounts[Math.floor(Math.random() * accounts.length)] ?? accounts[0];

export class Banker extends Task {
  #moves = 0;
  /** Of the ledger, as it was last told; 0 where it is absent. */
  #revision = 0;

  protected async turn(): Promise<void> {
    const roll = Math.random();
    if (roll < 0.1) await this.#fail();
    else if (roll < 0.5) await this.#read();
    else await this.#move();
  }

  async #move(): Promise<void> {
    this.#moves += 1;
    const [from, to] = [pick(), pick()];
    const amount = 1 + Math.floor(Math.random() * 100);
    const txn = this.client.txn().check(ledger, { revision: this.#revision });
    // A key is changed once in a transaction: from one account to itself nothing is moved.
    if (from !== to) txn.increment(from, -amount).increment(to, amount);
    txn.put(ledger, `${this.name}-${this.#moves}`).else((list) => list.get(ledger));
    const moved = await this.call(() => txn.commit());
    if (moved !== null) this.#revision = moved.ok ? moved.revision : revisionOf(moved);
  }

  async #read(): Promise<void> {
    const txn = this.client.txn();
    for (const key of [...accounts, ledger]) txn.get(key);
    const read = await this.call(() => txn.commit());
    if (read === null) return;
    this.#revision = revisionOf(read);
    const amounts = accounts.map((_, index) => Number(read.results[index]?.entry?.text() ?? '0'));
    const sum = amounts.reduce((a, b) => a + b, 0);
    if (sum === 0) return;
    this.seen.push(`transactions: at ${read.revision} the accounts hold ${amounts.join(', ')}`);
  }

  async #fail(): Promise<void> {
    if ((await this.call(() => this.client.put(sign, 'no number'))) === null) return;
    const txn = this.client.txn().increment(pick(), 1000).increment(sign, 1);
    const done = await this.call(() => txn.commit());
    if (done !== null) this.seen.push(`transactions: at ${done.revision} a text was counted up`);
  }

  override async faults(): Promise<readonly string[]> {
    await this.#read();
    return this.seen;
  }
}

/** Of the ledger, which every list reads last. */
function revisionOf({ results }: { readonly results: readonly { readonly revision: number }[] }) {
  return results.at(-1)?.revision ?? 0;
}
