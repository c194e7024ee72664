// A log-linear latency histogram: every power of two is cut into 32 equal buckets, so a percentile is at most
// 3.2 % above the truth. Filled by load-loop.ts once per answered batch, read by load-run.ts. One thread,
// fixed memory (about 1,000 doubles), no allocation in record().
const SUB_BITS = 5;
const SUB_BUCKETS = 1 << SUB_BITS;
const MAX_VALUE = 0x7fffffff;
const BUCKETS = (31 - SUB_BITS + 1) * SUB_BUCKETS;

export class Histogram {
  private readonly counts = new Float64Array(BUCKETS);
  private recorded = 0;
  private largest = 0;

  get total(): number {
    return this.recorded;
  }

  get max(): number {
    return this.largest;
  }

  /** Counts one value (any unit, 0 to 2^31-1; more counts as the largest). */
  record(value: number): void {
    const whole = value >= MAX_VALUE ? MAX_VALUE : value < 0 ? 0 : value | 0;
    this.counts[bucketOf(whole)] += 1;
    this.recorded += 1;
    if (whole > this.largest) this.largest = whole;
  }

  /** The smallest bucket bound that at least `fraction` of the values do not exceed; 0 when nothing was recorded. */
  quantile(fraction: number): number {
    const rank = Math.max(1, Math.ceil(fraction * this.recorded));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.counts[bucket];
      if (seen >= rank) return Math.min(upperBound(bucket), this.largest);
    }
    return 0;
  }

  /** What reports show of it. */
  summary(): { p50: number; p99: number; p999: number; max: number } {
    return { p50: this.quantile(0.5), p99: this.quantile(0.99), p999: this.quantile(0.999), max: this.max };
  }

  /** Every bucket that holds something, as its upper bound and count. */
  entries(): [number, number][] {
    return Array.from(this.counts, (count, bucket): [number, number] => [upperBound(bucket), count]).filter(
      ([, count]) => count > 0,
    );
  }

  reset(): void {
    this.counts.fill(0);
    this.recorded = 0;
    this.largest = 0;
  }
}

/** Values below 2 * SUB_BUCKETS have a bucket of their own; above, the top SUB_BITS + 1 bits choose. */
function bucketOf(value: number): number {
  const shift = Math.max(0, 31 - SUB_BITS - Math.clz32(value));
  return shift * SUB_BUCKETS + (value >>> shift);
}

function upperBound(bucket: number): number {
  const shift = Math.max(0, Math.floor(bucket / SUB_BUCKETS) - 1);
  return (bucket - shift * SUB_BUCKETS + 1) * 2 ** shift - 1;
}
