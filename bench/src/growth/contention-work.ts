/**
 * What threads on one store can be told to do, and which of them are measured together. Shared by contention.ts and its threads.
 *
 * Each scene is told against its first thread's work done alone.
 */
export const Turn = { WAIT: 0, WARM_UP: 1, MEASURE: 2, STOP: 3 } as const;

export type ContentionKind = 'get' | 'set over' | 'set anew';

export interface ThreadSample {
  readonly operations: number;
  readonly nanos: number;
}

export interface Scene {
  readonly name: string;
  /** One a thread; figures are the first one's. */
  readonly kinds: readonly ContentionKind[];
  /** On one key in place of many. */
  readonly isHot: boolean;
}

const ALONE: readonly ContentionKind[] = ['get', 'set over', 'set anew'];

export const SCENES: readonly Scene[] = [
  ...ALONE.map((kind) => ({ name: `${kind}, alone`, kinds: [kind], isHot: false })),
  { name: 'get beside get', kinds: ['get', 'get'], isHot: false },
  { name: 'get beside set over', kinds: ['get', 'set over'], isHot: false },
  { name: 'get beside set anew', kinds: ['get', 'set anew'], isHot: false },
  { name: 'set over beside set over', kinds: ['set over', 'set over'], isHot: false },
  { name: 'set anew beside set anew', kinds: ['set anew', 'set anew'], isHot: false },
  { name: 'get of one key, alone', kinds: ['get'], isHot: true },
  { name: 'get beside get of one key', kinds: ['get', 'get'], isHot: true },
  { name: 'set over of one key, alone', kinds: ['set over'], isHot: true },
  { name: 'set over beside set over of one key', kinds: ['set over', 'set over'], isHot: true },
];
