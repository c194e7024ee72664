/** Every transcript on Shoal over the net transport: whole, pipelined and cut at every byte. */
import { SHOAL_IDENTITY, shoalOnPort, Transport } from '../harness/server-command.js';
import { describeTranscripts } from './transcript-suite.js';

describeTranscripts({
  name: 'Shoal over net',
  identity: SHOAL_IDENTITY,
  command: (flags) => shoalOnPort(Transport.NET, flags),
  inPieces: true,
});
