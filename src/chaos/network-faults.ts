/** Links that lose everything, in one direction or in both, and links that are slow. */
import type { ContractNode } from '../contract/contract-node.ts';
import { type Fault, faultOf, namesOf, type Stage, standbyOf } from './fault.ts';
import { type ConnectionLinks, clients, type Links, seesConnections } from './links.ts';

type Range = readonly [low: number, high: number];

const shortMs: Range = [200, 800];
const longMs: Range = [2500, 5000];

/** Time enough for some requests in between. */
const resetEveryMs = 100;

type Link = readonly [from: string, to: string];

interface Shape {
  readonly title: string;
  readonly broken: readonly Link[];
  readonly losesActive: boolean;
}

/** Packets that are lost; where connections are seen, also these break or deliver twice. */
export function partition(stage: Stage, links: Links): Fault {
  if (seesConnections(links) && stage.random.chance(0.4)) return troubleConnections(stage, links);
  return loseAll(stage, links);
}

function loseAll(stage: Stage, links: Links): Fault {
  const { random, active } = stage;
  const { title, broken, losesActive } = random.pick([isolate, isolate, isolate, split, oneLink])(
    stage,
  );
  const lastsMs = random.integer(...(random.chance(0.7) ? longMs : shortMs));
  let isOver = false;
  let probing = Promise.resolve();
  return faultOf({
    title: `${title} for ${lastsMs} ms`,
    lastsMs,
    losesActive: losesActive && lastsMs >= longMs[0],
    begin: () => {
      for (const [from, to] of broken) links.cut(from, to);
      const isReached = !broken.some(([, to]) => to === clients);
      if (losesActive && isReached) probing = stage.probe(active, () => isOver);
    },
    end: async () => {
      links.heal();
      isOver = true;
      await probing;
    },
  });
}

/** One node from all the others, in both directions or in one; clients may still reach it. */
function isolate(stage: Stage): Shape {
  const { random, active, cluster } = stage;
  const node = random.chance(0.6) ? active : random.pick([standbyOf(stage), ...cluster.slaves]);
  const direction = random.pick([
    'all to and from',
    'all to and from',
    'all from',
    'all to',
  ] as const);
  const others = cluster.nodes.filter((other) => other !== node);
  const broken = others.flatMap((other): Link[] => [
    ...(direction === 'all to' ? [] : [[node.name, other.name] as const]),
    ...(direction === 'all from' ? [] : [[other.name, node.name] as const]),
  ]);
  const isSilent = random.chance(0.3);
  if (isSilent) broken.push([node.name, clients]);
  const who = namesOf([node], stage);
  return {
    title: `network: ${direction} ${who} is lost${isSilent ? ', clients hear nothing of it' : ''}`,
    broken,
    losesActive: node === active,
  };
}

/** The active master with one slave on one side, everybody else on the other. */
function split(stage: Stage): Shape {
  const { random, active, cluster } = stage;
  const minority: ContractNode[] = [active, random.pick(cluster.slaves)];
  const others = cluster.nodes.filter((node) => !minority.includes(node));
  const broken = minority.flatMap(({ name }) =>
    others.flatMap((other): Link[] => [
      [name, other.name],
      [other.name, name],
    ]),
  );
  const title = `network: ${namesOf(minority, stage)} split from the others`;
  return { title, broken, losesActive: true };
}

/** One direction of one link; everybody can still reach everybody by way of others. */
function oneLink({ random, cluster }: Stage): Shape {
  const from = random.pick(cluster.nodes).name;
  const to = random.pick(
    [...cluster.nodes.map(({ name }) => name), clients].filter((name) => name !== from),
  );
  return { title: `network: ${from} to ${to} is lost`, broken: [[from, to]], losesActive: false };
}

export function slowLinks(stage: Stage, links: Links): Fault {
  const { random, active, cluster } = stage;
  const node = random.chance(0.5) ? active : random.pick(cluster.nodes);
  const lastsMs = random.integer(1000, 4000);
  return faultOf({
    title: `network: slow links to and from ${namesOf([node], stage)} for ${lastsMs} ms`,
    lastsMs,
    begin: () => {
      for (const other of cluster.nodes) {
        if (other === node) continue;
        links.slow(node.name, other.name);
        links.slow(other.name, node.name);
      }
    },
    end: () => links.heal(),
  });
}

/** Every connection of a node breaks again and again, or delivers every request twice. */
function troubleConnections(stage: Stage, links: ConnectionLinks): Fault {
  const { random, active, cluster } = stage;
  const node = random.chance(0.5) ? active : random.pick(cluster.nodes);
  const others = [
    ...cluster.nodes.filter((other) => other !== node).map(({ name }) => name),
    clients,
  ];
  const isDouble = random.chance(0.5);
  const lastsMs = random.integer(1000, 3000);
  const who = namesOf([node], stage);
  let timer: NodeJS.Timeout | undefined;
  const resetAll = () => {
    for (const other of others) links.reset(node.name, other);
  };
  return faultOf({
    title: isDouble
      ? `network: every request to ${who} is delivered twice for ${lastsMs} ms`
      : `network: connections of ${who} break every ${resetEveryMs} ms for ${lastsMs} ms`,
    lastsMs,
    begin: () => {
      if (isDouble) for (const other of others) links.duplicate(other, node.name);
      else timer = setInterval(resetAll, resetEveryMs);
    },
    end: () => {
      clearInterval(timer);
      links.heal();
    },
  });
}
