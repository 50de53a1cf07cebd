/** Texts of flags and variables as values; `undefined` where the text is not allowed. */

const byteUnits: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** `64MiB`, `1.5 GB`, `4096`. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([kmg]?i?b)?$/i.exec(text);
  const unit = byteUnits[match?.[2]?.toLowerCase() ?? ''];
  if (match === null || unit === undefined) return undefined;
  const bytes = Number(match[1]) * unit;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** As `parseBytes` takes it: `64MiB`, `255`. */
export function formatBytes(bytes: number): string {
  if (bytes >= 2 ** 20 && bytes % 2 ** 20 === 0) return `${bytes / 2 ** 20}MiB`;
  return bytes >= 2 ** 10 && bytes % 2 ** 10 === 0 ? `${bytes / 2 ** 10}KiB` : String(bytes);
}

/** A whole number from `min` to `max`. */
export function parseInteger(text: string, min: number, max: number): number | undefined {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}

/** A decimal fraction from 0 to 1. */
export function parseShare(text: string): number | undefined {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return value >= 0 && value <= 1 ? value : undefined;
}

export function parseSwitch(text: string): boolean | undefined {
  if (text === '1' || text === 'true') return true;
  return text === '0' || text === 'false' ? false : undefined;
}

/** A name or an address to bind to; an IPv6 address without brackets. */
export function parseHost(text: string): string | undefined {
  return /^[\w.:-]+$/.test(text) ? text : undefined;
}

/** Names as URLs have them: lower case, without a port; commas between them. */
export function parseHostNames(text: string): readonly string[] | undefined {
  const names = text.split(',').map((part) => {
    const name = part.trim();
    const isName = /^[\w.-]+$/.test(name) && URL.canParse(`http://${name}`);
    return isName ? new URL(`http://${name}`).hostname : undefined;
  });
  const known = names.filter((name) => name !== undefined);
  return known.length === names.length ? Object.freeze(known) : undefined;
}

/** `http://host:port` with nothing behind it; the default port of the protocol is left out. */
export function parseBaseUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  const isBare = url.pathname === '/' && url.search === '' && url.hash === '';
  return isBare && url.username === '' && url.password === '' ? url.origin : undefined;
}

/** URLs with commas between them, no two the same. */
export function parseBaseUrls(text: string): readonly string[] | undefined {
  const urls = text.split(',').map((part) => parseBaseUrl(part.trim()));
  const known = urls.filter((url) => url !== undefined);
  const isSound = known.length === urls.length && new Set(known).size === known.length;
  return isSound ? Object.freeze(known) : undefined;
}

export function oneOf<const T extends string>(
  words: readonly T[],
): (text: string) => T | undefined {
  return (text) => words.find((word) => word === text);
}

/** True for addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.[\d.]+$/.test(host);
}

/** True for addresses that mean all interfaces and lead nowhere in a URL. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
