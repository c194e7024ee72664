/**
 * `node bench/dist/hygiene/main.js`: garbage on the hot path and stalls from maintenance, as Markdown.
 *
 * Called by hand. Progress and the places that allocate go to stderr. A wrong reply ends it with an error.
 */
import { parseArgs } from 'node:util';
import type { AllocationRow } from './allocation.js';
import { HYGIENE_DEFAULTS, HYGIENE_PARTS, type HygienePart, measureHygiene } from './index.js';

const HELP = `Usage: node bench/dist/hygiene/main.js [flags]     heap bytes a million operations; latency with and without maintenance

  --part NAME         ${HYGIENE_PARTS.join(' | ')} (both)
  --transport NAME    auto | uring | epoll | net (auto)
  --only TEXT         kinds of work whose name contains it
  --seconds S         each is watched (${HYGIENE_DEFAULTS.seconds})    --warmup S     before that (${HYGIENE_DEFAULTS.warmupSeconds})
  --rate N            sets a second (${HYGIENE_DEFAULTS.perSecond})    --windows N    (${HYGIENE_DEFAULTS.windows})
  --sites             name the places that allocate`;

const SITES_SHOWN = 6;

const { values } = parseArgs({
  options: {
    part: { type: 'string' },
    transport: { type: 'string', default: HYGIENE_DEFAULTS.transport },
    only: { type: 'string', default: HYGIENE_DEFAULTS.only },
    seconds: { type: 'string', default: String(HYGIENE_DEFAULTS.seconds) },
    warmup: { type: 'string', default: String(HYGIENE_DEFAULTS.warmupSeconds) },
    rate: { type: 'string', default: String(HYGIENE_DEFAULTS.perSecond) },
    windows: { type: 'string', default: String(HYGIENE_DEFAULTS.windows) },
    sites: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function print({ name, bytesPerMillion, sites }: AllocationRow): void {
  console.error(`${name}: ${Math.round(bytesPerMillion)} bytes a million`);
  if (!values.sites) return;
  for (const { bytes, place } of sites.slice(0, SITES_SHOWN)) console.error(`    ${bytes}  ${place}`);
}

async function run(): Promise<void> {
  const sections = await measureHygiene(
    {
      ...HYGIENE_DEFAULTS,
      parts: values.part === undefined ? HYGIENE_PARTS : [values.part as HygienePart],
      transport: values.transport,
      only: values.only,
      seconds: Number(values.seconds),
      warmupSeconds: Number(values.warmup),
      perSecond: Number(values.rate),
      windows: Number(values.windows),
    },
    print,
  );
  for (const { title, markdown } of sections) console.log(`## ${title}\n\n${markdown}`);
}

if (values.help) console.log(HELP);
else await run();
