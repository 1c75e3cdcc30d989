import { expect, test } from 'vitest';
import { cpuControllerOf } from './strength.ts';

const none = () => [];

test('a stock Debian 12 has cgroup v2 alone', () => {
  const mounts = 'proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nsdelegate 0 0\n';
  expect(cpuControllerOf(mounts, () => ['cpuset', 'cpu', 'io'])).toEqual({
    version: 2,
    root: '/sys/fs/cgroup',
  });
});

test('a hybrid machine has the controller in v1, alone or with cpuacct', () => {
  const mounts =
    'cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n' +
    'cgroup /sys/fs/cgroup/cpuset cgroup rw,relatime,cpuset 0 0\n' +
    'cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0\n';
  expect(cpuControllerOf(mounts, none)).toEqual({ version: 1, root: '/sys/fs/cgroup/cpu,cpuacct' });
});

test('a container without the controller has none', () => {
  expect(cpuControllerOf('cgroup2 /sys/fs/cgroup cgroup2 ro 0 0\n', () => ['memory'])).toBeUndefined();
  expect(cpuControllerOf('cgroup /sys/fs/cgroup/cpuset cgroup rw,cpuset 0 0\n', none)).toBeUndefined();
});
