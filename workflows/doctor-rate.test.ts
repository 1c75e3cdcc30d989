import { expect, test } from 'vitest';
import { doctorReport, type DoctorFinding } from '../model/doctor.ts';
import { doctorPage } from './doctor-page.ts';
import { judgeStepTimes, stepsToMeasure } from './doctor-rate.ts';

const times = (first: number, later: number): number[] =>
  Array.from({ length: stepsToMeasure }, (_, place) => (place < 15 ? first : later));

test('a tuned server is well; one that only lets the first dozen steps pass quickly is told with its key', () => {
  expect(judgeStepTimes(times(10, 11))).toMatchObject({
    status: 'ok',
    message: expect.stringContaining('11 ms'),
  });
  // What is slow at first only, as a worker is that has just been started, is not held against the server.
  expect(judgeStepTimes(times(400, 11)).status).toBe('ok');
  expect(judgeStepTimes(times(10, 90))).toMatchObject({
    status: 'warning',
    message: expect.stringContaining('90 ms'),
    advice: expect.stringContaining('history.transferProcessorMaxPollRPS'),
  });
});

const finding = (place: number, status: DoctorFinding['status']): DoctorFinding => ({
  subject: `host${place}`,
  check: 'fence',
  status,
  message: 'a | b\nc',
});

test('the page has what is not well, each as one row of a table, and how much there is of each', () => {
  const page = doctorPage(doctorReport([finding(1, 'ok'), finding(2, 'error')]));
  expect(page.split('\n').slice(0, 5)).toEqual([
    '**1 error, 0 warnings, 1 ok**',
    '',
    '| subject | check | status | what was found | what to do |',
    '|---|---|---|---|---|',
    '| host2 | fence | ❌ error | a \\| b c | - |',
  ]);
  expect(page).toContain('**What to do next:**');
  expect(doctorPage(doctorReport([finding(1, 'ok')]))).toContain('All is well.');
});

test('a page that is too long says what to do all the same, and where the rest is', () => {
  const page = doctorPage(doctorReport(Array.from({ length: 2000 }, (_, place) => finding(place, 'error'))));
  expect(new TextEncoder().encode(page).length).toBeLessThanOrEqual(20_000);
  expect(page).toMatch(/\*\*What to do next:\*\*.*The result of the workflow has what is well, too\.$/);
});
