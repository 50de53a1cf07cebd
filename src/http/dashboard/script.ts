/**
 * What runs in the browser: asks the node that the page came from, once a second, and shows what it
 * says. All texts are set as texts, never as HTML: names, URLs and events come from other machines.
 * It holds no backticks, because it stands between two.
 */
export const script = `'use strict';
(() => {
  const pollMs = 1000;
  const hiddenPollMs = 15000;
  const silentMs = 5000;
  const pointsMax = 120;

  const byId = (id) => document.getElementById(id);
  const set = (element, text) => {
    const said = String(text);
    if (element.textContent !== said) element.textContent = said;
  };
  const make = (tag, className, ...children) => {
    const element = document.createElement(tag);
    if (className !== '') element.className = className;
    element.append(...children);
    return element;
  };

  // ── numbers ──────────────────────────────────────────────────────────────────────────────────

  const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
  const tenth = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
  const countText = (value) => (value === null ? '–' : whole.format(value));
  const rateText = (value) =>
    value === null ? '–' : (value < 10 ? tenth : whole).format(value);
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const bytesText = (value) => {
    if (value === null) return '–';
    let unit = 0;
    let size = value;
    for (; size >= 1024 && unit < units.length - 1; unit += 1) size /= 1024;
    return (size < 10 ? tenth : whole).format(size) + ' ' + units[unit];
  };
  const agoText = (ms) => {
    if (ms === null) return '–';
    return ms < 1000 ? whole.format(ms) + ' ms' : tenth.format(ms / 1000) + ' s';
  };
  const hostOf = (url) => {
    try {
      return new URL(url).host;
    } catch {
      return url;
    }
  };

  // ── rates ────────────────────────────────────────────────────────────────────────────────────

  const before = new Map();
  const points = { reads: [], writes: [] };

  /** What a node did since the last answer, a second; null where it is not known. */
  const rateOf = (node, atMs) => {
    if (node.status === null) return null;
    const { nodeId, reads, writes } = node.status;
    const last = before.get(node.url);
    before.set(node.url, { nodeId, reads, writes, atMs });
    // A node that was started anew counts from the beginning.
    if (last === undefined || last.nodeId !== nodeId || reads < last.reads) return null;
    const seconds = (atMs - last.atMs) / 1000;
    if (seconds <= 0 || writes < last.writes) return null;
    return { reads: (reads - last.reads) / seconds, writes: (writes - last.writes) / seconds };
  };

  const sumOf = (rates, name) => {
    const known = rates.filter((rate) => rate !== null);
    return known.length === 0 ? null : known.reduce((sum, rate) => sum + rate[name], 0);
  };

  const remember = (name, value) => {
    if (value === null) return;
    points[name].push(value);
    if (points[name].length > pointsMax) points[name].shift();
  };

  const draw = (name) => {
    const values = points[name];
    const top = Math.max(1, ...values);
    const line = values.map((value, at) => at + ',' + (30 - (value / top) * 28).toFixed(1));
    byId(name + '-line').setAttribute('points', line.join(' '));
  };

  // ── the whole ────────────────────────────────────────────────────────────────────────────────

  const answers = (node) => node.status !== null && node.suspect !== true;

  const verdictOf = ({ active, nodes }) => {
    const voters = nodes.filter((node) => node.voter);
    const there = voters.filter(answers);
    const majority = Math.floor(voters.length / 2) + 1;
    const spare = there.length - majority;
    const silent = nodes.filter((node) => !answers(node)).map((node) => hostOf(node.url));
    const silentText = silent.length === 0 ? '' : 'No answer from ' + silent.join(', ') + '.';
    if (active === null) {
      return ['bad', 'No master is active: reads and writes wait.', silentText];
    }
    if (spare < 0) return ['bad', 'No majority of the voters answers: writes wait.', silentText];
    const masters = there.filter((node) => node.role === 'master').length;
    const may = spare === 1 ? '1 voter' : spare + ' voters';
    const rest = spare === 0 ? 'No other voter may fail.' : 'Any ' + may + ' may fail';
    const but = spare === 0 ? '' : masters > 1 ? ', as long as one master is left.' : ' but the master.';
    const detail = [silentText, rest + but].filter((text) => text !== '').join(' ');
    if (silent.length > 0) return ['warn', 'Degraded.', detail];
    return spare === 0 && voters.length > 1
      ? ['warn', 'Working, without a spare.', detail]
      : ['good', 'Healthy.', voters.length === 1 ? 'One node: what it stores is on its disk only.' : detail];
  };

  const showWhole = (cluster, rates) => {
    const [level, text, detail] = verdictOf(cluster);
    const verdict = byId('verdict');
    if (verdict.className !== 'card ' + level) verdict.className = 'card ' + level;
    set(byId('verdict-text'), text);
    set(byId('verdict-detail'), detail);
    const active = cluster.nodes.find((node) => node.url === cluster.active);
    const status = active?.status ?? cluster.nodes.find((node) => node.url === cluster.url)?.status;
    const isKnown = status !== undefined && status !== null;
    set(byId('asked'), 'seen from ' + hostOf(cluster.url));
    set(byId('cluster'), 'cluster ' + (cluster.clusterId === '' ? '–' : cluster.clusterId));
    for (const name of ['reads', 'writes']) {
      const value = sumOf(rates, name);
      remember(name, value);
      set(byId(name), rateText(value));
      draw(name);
    }
    set(byId('keys'), countText(isKnown ? status.keys : null));
    set(byId('memory'), bytesText(isKnown ? status.memoryBytes : null));
    set(byId('limit'), 'memory of ' + bytesText(cluster.memoryLimitBytes));
    set(byId('lsn'), countText(isKnown ? status.committedLsn : null));
    set(byId('epoch'), countText(isKnown ? status.epoch : null));
    set(byId('quorum'), countText(cluster.voters));
    const acks = cluster.writeQuorumAcks === 1 ? '1 ACK' : cluster.writeQuorumAcks + ' ACKs';
    set(byId('acks'), 'voters; a write needs ' + acks);
  };

  // ── nodes ────────────────────────────────────────────────────────────────────────────────────

  const fields = ['applied', 'lag', 'acknowledged', 'heard', 'epoch', 'reads/s', 'writes/s', 'watches', 'memory'];
  const cards = new Map();

  const cardOf = (url) => {
    const known = cards.get(url);
    if (known !== undefined) return known;
    const badge = make('span', 'badge');
    const link = make('a', '', hostOf(url));
    if (/^https?:/.test(url)) link.href = url;
    const role = make('span', '');
    const list = make('dl', '');
    const values = {};
    for (const field of fields) {
      values[field] = make('dd', '', '–');
      list.append(make('dt', '', field), values[field]);
    }
    const root = make('article', 'node card', make('p', '', link, badge, role), list);
    const card = { root, badge, role, values };
    cards.set(url, card);
    return card;
  };

  const showNode = (node, rate, cluster) => {
    const { root, badge, role, values } = cardOf(node.url);
    const { status } = node;
    const isThere = answers(node);
    const level = isThere ? (node.voter ? '' : ' warn') : ' bad';
    const className = 'node card' + level + (node.url === cluster.active ? ' active' : '');
    if (root.className !== className) root.className = className;
    set(badge, status === null ? 'no answer' : status.state);
    set(role, node.role + (node.voter ? '' : ', no voter'));
    const top = cluster.nodes.find((other) => other.url === cluster.active)?.status ?? null;
    const lag = status === null || top === null ? null : Math.max(0, top.committedLsn - status.appliedLsn);
    set(values.applied, countText(status === null ? null : status.appliedLsn));
    set(values.lag, countText(lag));
    set(values.acknowledged, countText(node.ackedLsn));
    set(values.heard, node.url === cluster.active ? 'active' : agoText(node.silentMs));
    set(values.epoch, countText(status === null ? null : status.epoch));
    set(values['reads/s'], rateText(rate === null ? null : rate.reads));
    set(values['writes/s'], rateText(rate === null ? null : rate.writes));
    set(values.watches, countText(status === null ? null : status.watches));
    set(values.memory, bytesText(status === null ? null : status.memoryBytes));
    return root;
  };

  /** In this order, moving only what is not in its place. */
  const arrange = (parent, wanted) => {
    for (const [at, element] of wanted.entries()) {
      if (parent.children[at] !== element) parent.insertBefore(element, parent.children[at] ?? null);
    }
    while (parent.children.length > wanted.length) parent.lastElementChild.remove();
  };

  // ── events ───────────────────────────────────────────────────────────────────────────────────

  let shownEvents = '';
  const showEvents = (events) => {
    const text = JSON.stringify(events);
    if (text === shownEvents) return;
    shownEvents = text;
    const items = events.map(({ atMs, url, level, message, facts, count }) => {
      const at = new Date(atMs);
      const time = make('time', '', at.toLocaleTimeString());
      time.dateTime = at.toISOString();
      const more = Object.entries(facts).map(([name, value]) => name + ' ' + value).join(', ');
      const times = count > 1 ? ' (' + count + ' times)' : '';
      return make(
        'li', '', time, ' ', make('small', '', hostOf(url)), ' ',
        make('span', level, message + times), ' ', make('small', '', more),
      );
    });
    byId('events').replaceChildren(...items);
    byId('no-events').hidden = items.length > 0;
  };

  // ── asking ───────────────────────────────────────────────────────────────────────────────────

  let others = [];

  let shownAtMs = 0;
  const show = (cluster) => {
    // Two browsers that look at once are shown the same.
    if (cluster.atMs === shownAtMs && document.body.dataset.state === 'shown') return;
    shownAtMs = cluster.atMs;
    const rates = cluster.nodes.map((node) => rateOf(node, cluster.atMs));
    showWhole(cluster, rates);
    arrange(byId('nodes'), cluster.nodes.map((node, at) => showNode(node, rates[at], cluster)));
    showEvents(cluster.events);
    others = cluster.nodes.map((node) => node.url).filter((url) => url !== cluster.url);
    document.body.dataset.state = 'shown';
  };

  const showSilence = () => {
    byId('verdict').className = 'card bad';
    set(byId('verdict-text'), 'This node does not answer; what is below may be old.');
    const links = others
      .filter((url) => /^https?:/.test(url))
      .flatMap((url) => {
        const link = make('a', '', hostOf(url));
        link.href = url;
        return [' ', link];
      });
    byId('verdict-detail').replaceChildren(links.length === 0 ? '' : 'The others have this page too:', ...links);
    document.body.dataset.state = 'silent';
  };

  let isAsking = false;
  let timer = 0;
  const ask = async () => {
    if (isAsking) return;
    isAsking = true;
    clearTimeout(timer);
    try {
      const init = { cache: 'no-store', signal: AbortSignal.timeout(silentMs) };
      const answer = await fetch('v1/cluster', init);
      if (!answer.ok) throw new Error(String(answer.status));
      show(await answer.json());
    } catch {
      showSilence();
    }
    isAsking = false;
    timer = setTimeout(ask, document.hidden ? hiddenPollMs : pollMs);
  };
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) ask();
  });
  ask();
})();
`;
