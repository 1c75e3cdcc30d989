/** Colors: on a terminal alone, and as NO_COLOR and FORCE_COLOR say (Node's own rule). */
import { styleText } from 'node:util';

/** What a word means for whoever looks after the herd. */
export type Mood = 'bad' | 'careful' | 'head' | 'aside';

const styles = { bad: 'red', careful: 'yellow', head: 'bold', aside: 'dim' } as const;

/** @param stream the one it is printed on; default: standard output */
export function colored(mood: Mood, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(styles[mood], text, { stream });
}

const moods: Readonly<Record<string, Mood>> = {
  unreachable: 'bad',
  crashed: 'bad',
  failed: 'bad',
  fenced: 'bad',
  refused: 'bad',
  gone: 'bad',
  NO: 'bad',
  FAILED: 'bad',
  TERMINATED: 'bad',
  TIMED_OUT: 'bad',
  needsOperator: 'bad',
  inDoubt: 'bad',
  paused: 'careful',
  unknown: 'careful',
  maintenance: 'careful',
  blocked: 'careful',
  canceled: 'careful',
  CANCELLED: 'careful',
};

const columns = new Set(['STATE', 'STATUS', 'VERDICT', 'OUTCOME', 'EVENT']);

/** Of a cell of a table; by its first word, and only in columns that hold states. */
export function moodOfCell(head: string, cell: string): Mood | undefined {
  if (!columns.has(head)) return undefined;
  const [word = ''] = cell.split(' ');
  return Object.hasOwn(moods, word) ? moods[word] : undefined;
}
