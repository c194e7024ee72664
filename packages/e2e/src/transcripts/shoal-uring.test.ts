/** Every transcript on Shoal over the io_uring transport: whole, pipelined and cut at every byte. */
import { test } from '@jest/globals';
import { SHOAL_IDENTITY, shoalOnPort, Transport, URING_ABSENCE } from '../harness/server-command.js';
import { describeTranscripts } from './transcript-suite.js';

if (URING_ABSENCE === '') {
  describeTranscripts({
    name: 'Shoal over uring',
    identity: SHOAL_IDENTITY,
    command: (flags) => shoalOnPort(Transport.URING, flags),
    inPieces: true,
  });
} else {
  // biome-ignore lint/suspicious/noSkippedTests: the reason is in the name
  test.skip(`transcripts on Shoal over uring (${URING_ABSENCE})`, () => undefined);
}
