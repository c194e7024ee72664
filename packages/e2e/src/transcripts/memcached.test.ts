/**
 * Every transcript on the memcached of this machine, so that a wrong expectation cannot hide. SHOAL_E2E_MEMCACHED names
 * another binary (1.6.45, or one with debugtime); SHOAL_E2E_PIECES=1 also cuts at every byte there.
 */
import { describe } from '@jest/globals';
import { testWith } from '../harness/outside-program.js';
import { installedMemcached, memcachedOnPort } from '../harness/server-command.js';
import { describeTranscripts } from './transcript-suite.js';

const memcached = installedMemcached();

if (memcached !== null) {
  describeTranscripts({
    name: `memcached ${memcached.identity.version}`,
    identity: memcached.identity,
    command: (flags) => memcachedOnPort(memcached.program, flags),
    inPieces: process.env.SHOAL_E2E_PIECES === '1',
  });
} else {
  describe('transcripts on memcached', () => {
    testWith('memcached', false)('agree with the installed memcached', () => undefined);
  });
}
