/** `drover top ... --watch`: refreshed in place on a terminal, one table after another elsewhere. */
import { colored } from './colors.ts';
import { loadHead, loadRow, type Load } from './top-loads.ts';
import { coloredTable, documentText, type Format } from './output.ts';
import { untilInterrupted } from './pace.ts';
import { printable } from './printable.ts';

interface Seen {
  readonly loads: readonly Load[];
  readonly notes: readonly string[];
}

/** For programs each look is a document with `at` and `loads`: a line of JSON, or YAML after `---`. */
export async function keepTop(
  kind: keyof typeof loadHead,
  look: () => Promise<Seen>,
  { output, everyMs }: { readonly output: Format; readonly everyMs: number },
): Promise<void> {
  const screen = output === 'table' && process.stdout.isTTY ? new Screen(process.stdout) : undefined;
  let last = '';
  try {
    await untilInterrupted(
      everyMs,
      async () => {
        const { loads, notes } = await look();
        const at = new Date().toISOString();
        if (output !== 'table')
          return console.log(documentText(output, { at, loads: loads.map(({ data }) => data) }));
        const title = colored('aside', `${at.replace(/\.\d+Z$/, 'Z')}, every ${everyMs / 1000} s`);
        const table = coloredTable([loadHead[kind], ...loads.map(loadRow)]);
        last = [title, ...notes.map(printable), table].join('\n');
        if (screen) screen.show(last);
        else console.log(`${last}\n`);
      },
      (message) => {
        if (screen) screen.show(`${colored('bad', printable(message))}\n${last}`);
        else console.error(printable(message));
      },
    );
  } finally {
    screen?.end();
  }
}

/** As many lines as the terminal has, written over those of before. */
class Screen {
  readonly #terminal: NodeJS.WriteStream;

  constructor(terminal: NodeJS.WriteStream) {
    this.#terminal = terminal;
    // Its other screen, without a cursor: what stood there comes back afterwards.
    terminal.write('\u001b[?1049h\u001b[?25l');
  }

  show(text: string): void {
    const lines = text.split('\n');
    const rows = this.#terminal.rows || 24;
    const more = lines.length - rows + 1;
    const shown = more > 0 ? [...lines.slice(0, rows - 2), `... ${more} more`] : lines;
    // Lines that are too long are cut by the terminal (7l), and each is cleared behind its end.
    this.#terminal.write(
      `\u001b[?7l\u001b[H${shown.map((line) => `${line}\u001b[K`).join('\n')}\u001b[J\u001b[?7h`,
    );
  }

  end(): void {
    this.#terminal.write('\u001b[?25h\u001b[?1049l');
  }
}
