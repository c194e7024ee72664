import { describe, expect, test } from '@jest/globals';
import { fileLimitFor } from './servers.js';

function limits(hard: string): string {
  return `Limit                     Soft Limit           Hard Limit           Units
Max processes             95885                95885                processes
Max open files            1024                 ${hard}              files
`;
}

describe('the limit of open files', () => {
  test.each(['unlimited', '20000'])('is enough when the hard limit is %s', (hard) => {
    expect(fileLimitFor(10_000, limits(hard))).toEqual({ prefix: [], mostConnections: 10_000 });
  });

  test('is raised with prlimit, or says how many connections are left', () => {
    // More than the kernel's own bound (fs.nr_open), so that root cannot have it either.
    const { prefix, mostConnections, warning } = fileLimitFor(2 ** 30, limits('4096'));
    expect(prefix).toEqual([]);
    expect(mostConnections).toBe(3796);
    expect(warning).toContain('the hard limit of 4096 open files cannot be raised');
  });
});
