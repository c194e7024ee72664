/** The file of the embedded registry: what is damaged, cut or from the future is refused and never touched. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { storedCluster } from '../testing/stored-cluster.js';
import { EmbeddedRegistry } from './embedded.js';
import { RegistryError } from './registry.js';
import { setAsideRegistryFile } from './registry-file.js';

const SEED = Number(process.env.SHOAL_SEED ?? Date.now() % 1_000_000);
const IGNORED = { onChange: () => undefined, onLeadership: () => undefined, onReachable: () => undefined };

let folder = '';
let path = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-registry-'));
  path = join(folder, 'registry.json');
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function fill(): Promise<string> {
  const registry = new EmbeddedRegistry(path);
  await registry.open(IGNORED);
  await registry.remove('old', await registry.save(storedCluster('old', 7), null));
  await registry.save(storedCluster('dev', 3), null);
  await registry.close();
  return readFile(path, 'utf8');
}

/** Opening says what is wrong, and neither that nor a try to write has changed a byte. */
async function expectRefused(text: string, reason: string | RegExp): Promise<void> {
  await writeFile(path, text);
  const registry = new EmbeddedRegistry(path);
  const error = await registry.open(IGNORED).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(RegistryError);
  expect(error.code).toBe('UNREADABLE');
  expect(error.message).toContain(`Cannot read the registry ${path}: `);
  expect(error.message).toMatch(reason);
  expect(error.message).toContain('--set-aside-registry');
  await expect(registry.save(storedCluster('new', 1), null)).rejects.toMatchObject({ code: 'UNREADABLE' });
  expect(await readFile(path, 'utf8')).toBe(text);
  expect(await readdir(folder)).toEqual(['registry.json']);
}

describe('a registry file that cannot be read', () => {
  test('is refused when it is empty, no JSON, no object or something else', async () => {
    await expectRefused('', 'it is empty');
    await expectRefused('{"format":', 'it is no JSON');
    await expectRefused('[]', 'it holds no object');
    await expectRefused('{"format":"package-lock"}', /no shoal-registry .*"package-lock"/);
  });

  test('is refused when a future release wrote it, whatever its content', async () => {
    const text = (await fill()).replace('"formatVersion": 1', '"formatVersion": 2');
    await expectRefused(text, 'format version 2, and this release reads only 1');
  });

  test('is refused when it was cut anywhere', async () => {
    const text = await fill();
    for (let length = 0; length < text.trimEnd().length; length += 37) {
      await expectRefused(text.slice(0, length), /it is (empty|no JSON)/);
    }
  });

  test(`is refused when one character of its content is another (seed ${SEED})`, async () => {
    const text = await fill();
    const start = text.indexOf('"content"') + '"content": '.length;
    let state = SEED;
    for (let round = 0; round < 40; round++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      const position = start + (state % (text.lastIndexOf('}') - start));
      if (/\s/.test(text[position])) continue;
      const other = text[position] === '0' ? '1' : '0';
      await expectRefused(text.slice(0, position) + other + text.slice(position + 1), /no JSON|checksum|wrong/);
    }
  });

  test('is refused when its checksum is right and a record is not', async () => {
    const whole = JSON.parse(await fill());
    whole.content.clusters.dev.cluster.version = -1;
    whole.content.clusters.dev.cluster.colour = 'green';
    whole.checksum = `sha256:${createHash('sha256').update(JSON.stringify(whole.content)).digest('hex')}`;
    await expectRefused(JSON.stringify(whole), /clusters\.dev\.cluster.*(version|colour)/);
  });

  test('is set aside only then, whole, and the daemon begins anew', async () => {
    const good = await fill();
    expect(await setAsideRegistryFile(path)).toBeNull();
    expect(await readFile(path, 'utf8')).toBe(good);
    await writeFile(path, good.slice(0, 50));
    const done = await setAsideRegistryFile(path, Date.UTC(2026, 10, 23, 6, 30));
    expect(done?.aside).toBe(`${path}.damaged-2026-11-23T06:30:00.000Z`);
    expect(await readFile(done?.aside ?? '', 'utf8')).toBe(good.slice(0, 50));
    const registry = new EmbeddedRegistry(path);
    await registry.open(IGNORED);
    expect(await registry.load()).toEqual([]);
    expect(await setAsideRegistryFile(join(folder, 'none.json'))).toBeNull();
  });

  test('leaves a floor past every version that nodes may still have, for clusters of any name and for good', async () => {
    await writeFile(path, 'nothing of it can be read');
    const nowMs = Date.UTC(2026, 10, 23);
    const seconds = (nowMs - Date.UTC(2020, 0)) / 1000;
    expect(await setAsideRegistryFile(path, nowMs)).toMatchObject({ leastFloor: seconds });
    const registry = new EmbeddedRegistry(path);
    await registry.open(IGNORED);
    await registry.remove('new', await registry.save(storedCluster('new', seconds + 5), null));
    await registry.close();
    const next = new EmbeddedRegistry(path);
    await next.open(IGNORED);
    expect(await next.versionFloor('new')).toBe(seconds + 5);
    expect(await next.versionFloor('other')).toBe(seconds);
  });

  test.each([
    ['records', '{"cluster":{"version": 812345678,"nodes":[{"createdAtMs":1700000000000', 812_345_678],
    ['floors', '{"versionFloors": {"a": 7, "dev": 912345678, "b', 912_345_678],
    ['an earlier setting aside', '"leastFloor":712345678}', 712_345_678],
    ['nothing that is no version', '"version": 2147483647, "version": 99999999999', 0],
  ])('goes by what can be read of %s when the clock is wrong', async (_, text, leastFloor) => {
    await writeFile(path, text);
    expect(await setAsideRegistryFile(path, 0)).toMatchObject({ leastFloor });
  });

  test('leaves room for versions whatever the clock says', async () => {
    await writeFile(path, 'x');
    expect(await setAsideRegistryFile(path, Date.UTC(2200, 0))).toMatchObject({ leastFloor: 2_000_000_000 });
  });

  test('that somebody damages while the daemon runs is not overwritten either', async () => {
    await fill();
    const registry = new EmbeddedRegistry(path);
    await registry.open(IGNORED);
    await writeFile(path, 'oops');
    await expect(registry.save(storedCluster('new', 1), null)).rejects.toMatchObject({ code: 'UNREADABLE' });
    expect(await readFile(path, 'utf8')).toBe('oops');
  });
});

describe('a disk that takes no writes', () => {
  test('is told, loses nothing, and the next write works when there is room again', async () => {
    const before = await fill();
    const told: boolean[] = [];
    const registry = new EmbeddedRegistry(path);
    await registry.open({ ...IGNORED, onReachable: (isReachable) => told.push(isReachable) });
    // Every write through it ends like on a full disk; Linux has such a device, and the registry removes the link.
    await symlink('/dev/full', `${path}.tmp`);
    await expect(registry.save(storedCluster('new', 1), null)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: `Cannot write the registry ${path}: the disk is full`,
    });
    expect(await readFile(path, 'utf8')).toBe(before);
    expect((await registry.load()).map(({ cluster }) => cluster.id)).toEqual(['dev']);
    await registry.save(storedCluster('new', 1), null);
    expect((await registry.load()).map(({ cluster }) => cluster.id)).toEqual(['dev', 'new']);
    expect(told).toEqual([false, true]);
  });

  test('because its folder is gone is told', async () => {
    const registry = new EmbeddedRegistry(join(folder, 'gone', 'registry.json'));
    await registry.open(IGNORED);
    await expect(registry.save(storedCluster('new', 1), null)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('its folder is gone'),
    });
  });
});
