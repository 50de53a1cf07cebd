/** The links between nodes, each direction by itself, and what can be done to them. */

/** The name of all clients together, beside the names of the nodes. */
export const clients = 'clients';

export interface Links {
  /** From now on nothing that one sends reaches the other. */
  cut(from: string, to: string): void;
  slow(from: string, to: string): void;
  /** All links are as at first. */
  heal(): void;
}

/** What only those can do who see connections, not packets. */
export interface ConnectionLinks extends Links {
  /** Breaks every connection between the two. */
  reset(one: string, other: string): void;
  /** What one sends the other is delivered twice; the answers to the second delivery are lost. */
  duplicate(from: string, to: string): void;
}

export const seesConnections = (links: Links): links is ConnectionLinks => 'reset' in links;
