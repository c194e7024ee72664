import { describe, expect, test } from '@jest/globals';
import type { ClusterConfig } from '@shoal/protocol';
import { PollCourse } from './poll-course.js';

const ENDPOINT = { host: 'endpoint', port: 11211 };
const INTERVAL_MS = 60_000;

function listOf(version: number, names: string): ClusterConfig {
  return { version, nodes: [...names].map((hostname) => ({ hostname, ip: '', port: 1 })) };
}

function courseWith(random: () => number): PollCourse {
  return new PollCourse({ endpoints: [ENDPOINT], intervalMs: INTERVAL_MS, random });
}

/** One that has had its first list from the endpoint. */
function followingCourse(random: () => number, names = 'abcde'): PollCourse {
  const course = courseWith(random);
  expect(course.judge(course.targets()[0], listOf(1, names))).toBe('news');
  course.noteOutcome(true);
  return course;
}

const hostsOf = (course: PollCourse) =>
  course
    .targets()
    .map(({ address }) => address.host)
    .join(' ');

describe('whom it asks', () => {
  test('the endpoint first, then two nodes in turn before the endpoint', () => {
    const course = followingCourse(() => 0);
    expect(hostsOf(courseWith(() => 0))).toBe('endpoint');
    expect(hostsOf(course)).toBe('a b endpoint');
    expect(hostsOf(course)).toBe('c d endpoint');
    expect(hostsOf(course)).toBe('e a endpoint');
  });

  test('where the turn begins is chance, so that a fleet does not ask one node', () => {
    const begun = [0, 0.2, 0.5, 0.999].map((chance) => hostsOf(followingCourse(() => chance)));
    expect(begun).toEqual(['a b endpoint', 'b c endpoint', 'c d endpoint', 'e a endpoint']);
  });

  test('a list that became shorter is asked all the same', () => {
    const course = followingCourse(() => 0.999);
    const [target] = course.targets();
    expect(course.judge(target, listOf(2, 'a'))).toBe('news');
    expect(hostsOf(course)).toBe('a endpoint');
  });
});

describe('what it believes', () => {
  test('a higher version is news, an equal or lower one is not', () => {
    const course = followingCourse(() => 0);
    const [node] = course.targets();
    expect(course.judge(node, listOf(2, 'abcd'))).toBe('news');
    expect(course.judge(node, listOf(2, 'abc'))).toBe('known');
    expect(course.judge(node, listOf(1, 'abcde'))).toBe('known');
    expect(course.current).toEqual(listOf(2, 'abcd'));
  });

  test('a list that begins with another node is believed if one of ours is in it', () => {
    const course = followingCourse(() => 0);
    expect(course.judge(course.targets()[0], listOf(2, 'xyb'))).toBe('news');
  });

  test('a list of strangers is believed from an endpoint only', () => {
    const course = followingCourse(() => 0);
    const [node, , endpoint] = course.targets();
    expect(course.judge(node, listOf(9, 'xyz'))).toBe('stranger');
    expect(course.current?.version).toBe(1);
    expect(course.judge(endpoint, listOf(9, 'xyz'))).toBe('news');
  });
});

describe('when it asks again', () => {
  test.each([
    { chance: 0, first: 6_000, later: 54_000 },
    { chance: 0.5, first: 33_000, later: 60_000 },
    { chance: 1, first: 60_000, later: 66_000 },
  ])('at chance $chance first after $first ms, and then after $later', ({ chance, first, later }) => {
    const course = followingCourse(() => chance);
    expect([course.pauseMs(), course.pauseMs(), course.pauseMs()]).toEqual([first, later, later]);
  });

  test('soon after a failure, doubling up to the interval, and as usual after a success', () => {
    const course = followingCourse(() => 0.5);
    course.pauseMs();
    const pauses = Array.from({ length: 10 }, () => {
      course.noteOutcome(false);
      return course.pauseMs();
    });
    expect(pauses.slice(0, 4)).toEqual([250, 500, 1000, 2000]);
    expect(pauses.at(-1)).toBe(INTERVAL_MS);
    course.noteOutcome(true);
    expect(course.pauseMs()).toBe(INTERVAL_MS);
  });
});
