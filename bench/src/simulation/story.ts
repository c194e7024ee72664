// The story that every simulated cluster lives through: which changes come when. Times are milliseconds from its beginning; the
// clients are there five minutes earlier. The last zone is the one that goes away, and the first node always stays.
//
// Called by control-plane.ts, which tells it to the pool, and by the report, which names the changes in this order.
export const ChangeName = {
  ADDED: 'one node comes',
  REMOVED: 'ten nodes leave by plan',
  DIED: 'one node dies',
  ZONE_LOST: 'a zone goes away',
  ZONE_REPLACED: 'the zone is replaced',
} as const;
export type ChangeName = (typeof ChangeName)[keyof typeof ChangeName];

export interface StoryChange {
  readonly name: ChangeName;
  readonly atMs: number;
}

const MINUTE_MS = 60_000;
/** Twice the interval of the polls, so that every client knows of one change before the next. */
const SPACING_MS = 2 * MINUTE_MS;
const FIRST_MS = MINUTE_MS / 6;

export const STORY: readonly StoryChange[] = Object.values(ChangeName).map((name, index) => ({
  name,
  atMs: FIRST_MS + index * SPACING_MS,
}));
export const STORY_END_MS = FIRST_MS + STORY.length * SPACING_MS + MINUTE_MS / 2;
/** The clients start here, all within START_SPREAD_MS: a deployment. */
export const CLIENTS_START_MS = -5 * MINUTE_MS;
export const START_SPREAD_MS = 10_000;
/** From here to the first change the load is that of every day. */
export const STEADY_FROM_MS = -2 * MINUTE_MS;
export const REMOVED_COUNT = 10;
/** Whoever scales the nodes brings new ones for a whole zone within this time. */
export const REPLACED_WITHIN_MS = 10_000;
