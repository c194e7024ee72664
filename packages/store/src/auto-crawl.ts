/**
 * Decides when a class is worth crawling again: soon after its items tend to expire, rarely if nothing did.
 *
 * Maintenance asks once a second; pure but for its own memory. The rule is memcached's: a class waits a
 * minute longer each time less than one in a hundred of its expiring items was about to go, up to an hour.
 */
import type { CrawlFindings } from './crawler.js';
import { LIFETIME_MINUTES } from './crawler.js';
import { CLASSES_MAX } from './layout.js';

const MINUTE_SECONDS = 60;
const WAIT_MAX_SECONDS = 3600;
const RETRY_SECONDS = 5;

export class AutoCrawl {
  readonly #dueAt = new Array<number>(CLASSES_MAX).fill(0);
  readonly #waitSeconds = new Array<number>(CLASSES_MAX).fill(0);

  /** The classes to crawl now; their next turn is put off until `learn` knows better. */
  takeDue(now: number): boolean[] {
    return this.#dueAt.map((dueAt, id) => {
      const isDue = id > 0 && now > dueAt;
      if (isDue) this.#dueAt[id] = now + RETRY_SECONDS;
      return isDue;
    });
  }

  /** Sets each crawled class's next turn by what the walk found. */
  learn(findings: readonly CrawlFindings[], now: number): void {
    findings.forEach((found, id) => {
      if (found.seen === 0) return;
      this.#waitSeconds[id] = nextWait(this.#waitSeconds[id], found);
      this.#dueAt[id] = now + this.#waitSeconds[id] + RETRY_SECONDS;
    });
  }
}

function nextWait(waitSeconds: number, found: CrawlFindings): number {
  const worthwhile = Math.floor((found.seen - found.withoutExpiry) / 100) + 1;
  let expiring = 0;
  for (let minute = 0; minute < LIFETIME_MINUTES; minute++) {
    expiring += found.lifetimes[minute];
    if (expiring <= worthwhile) continue;
    const isEarly = waitSeconds < minute * MINUTE_SECONDS;
    return clampWait(waitSeconds + (isEarly ? MINUTE_SECONDS : -MINUTE_SECONDS));
  }
  return clampWait(waitSeconds + (expiring === 0 ? MINUTE_SECONDS : 0));
}

function clampWait(seconds: number): number {
  return Math.min(Math.max(seconds, 0), WAIT_MAX_SECONDS);
}
