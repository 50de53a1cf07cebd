import { describe, expect, it } from 'vitest';
import { callCli } from './testing/call-cli.ts';

describe('wrong usage exits with 2 and says what is right', () => {
  it.each([
    ['reed k', /Did you mean read/],
    ['read k --consistensy stale', /Did you mean --consistency/],
    ['read', /missing required argument 'key'/],
    ['read k extra', /too many arguments/],
    ['read k --min-revision x', /--min-revision x is not allowed: a whole number from 1/],
    ['read ..', /cannot be a key/],
    ['write k', /give the value once/],
    ['list --limit 0', /--limit 0 is not allowed: a whole number from 1/],
    ['watch a --key b', /give a prefix or --key, not both/],
    ['incr k 1.5', /1.5 is not a whole number/],
    ['put k v --ttl soon', /--ttl soon is not allowed: seconds from 0.001/],
    ['lock job', /missing required argument 'command'/],
    ['lock job --wait-ms x -- true', /--wait-ms x is not allowed/],
    ['completion tcsh', /Allowed choices are bash, zsh, fish/],
    ['write k v --stdin', /give the value once/],
    ['write k v --if-absent --if-present', /give one of --if-revision, --if-absent/],
    ['write k --file /nowhere', /cannot be read/],
    ['write k v --masters 127.0.0.1 --timeout-ms 0', /2 mistakes[\s\S]*--masters[\s\S]*--timeout/],
    ['master --port 70000 --placement x', /2 mistakes[\s\S]*--port 70000[\s\S]*--placement x/],
    ['backup --new-cluster', /unknown option '--new-cluster'/],
    ['slave --host 0.0.0.0', /--cluster-secret-file/],
    ['up --slaves 65 --runtime ruby', /--slaves 65[\s\S]*--runtime ruby/],
    ['up --leas-ms 5', /Did you mean --lease-ms/],
    ['up --allowed-origins *', /--allowed-origins \* is not allowed: different origins/],
    ['up --lease-ms 1200', /--lease-ms \(1200\) < --failover-ms \(1000\) must hold/],
    ['admin remove', /missing required argument/],
    ['admin force-config', /name the URL/],
    ['snapshot restore all.snapshot', /--data-dir is needed/],
    ['snapshot save', /missing required argument 'file'/],
    ['snapshot', /Usage: dsm snapshot/],
    ['', /Usage: dsm/],
  ])('dsm %s', async (line, text) => {
    const { code, stderr, stdout } = await callCli(line);
    expect(stderr).toMatch(text);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});

describe('help exits with 0', () => {
  const clientVerbs = [
    'read',
    'write',
    'delete',
    'list',
    'watch',
    'incr',
    'txn',
    'export',
    'import',
  ];
  const verbs = ['', 'up', 'master', 'backup', 'slave', 'client', 'status', 'completion'];
  it.each([...verbs, ...clientVerbs])('dsm %s --help has examples', async (verb) => {
    const { code, stdout, stderr } = await callCli(`${verb} --help`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/Usage: dsm/);
    expect(stdout).toMatch(new RegExp(`^ +.*dsm ${verb}`, 'm'));
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThan(130);
  });
});
