/** Chromium on the Temporal UI: what a person sees on a page, with its frames, and screenshots where a test fails. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { vi } from 'vitest';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** For whatever a page shows next: its script has some megabytes, and the machine may be busy. */
const limitMs = 30_000;

/** @throws Error that says how to get one */
function chromiumPath(): string {
  const given = process.env['DROVER_CHROMIUM'];
  const found = [...(given ? [given] : []), ...places].find((path) => existsSync(path));
  if (found === undefined)
    throw new Error(
      `the test of the Temporal UI needs Chromium, and there is none at ${places.join(', ')}: ` +
        'apt-get install chromium (npm test does, as root on Debian 12), or DROVER_CHROMIUM=PATH of one',
    );
  return found;
}

export class UiBrowser implements AsyncDisposable {
  readonly page: Page;
  readonly #browser: Browser;
  readonly #screenshots: string;

  private constructor(browser: Browser, page: Page, screenshots: string) {
    this.#browser = browser;
    this.page = page;
    this.#screenshots = screenshots;
  }

  /** @param screenshots a folder, made for the first */
  static async open(screenshots: string): Promise<UiBrowser> {
    const browser = await chromium.launch({
      executablePath: chromiumPath(),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    const page = await browser.newPage({ viewport: { width: 1600, height: 1200 } });
    page.setDefaultTimeout(limitMs);
    return new UiBrowser(browser, page, screenshots);
  }

  async open(url: string): Promise<void> {
    await this.page.goto(url);
  }

  /** An operation's or a record's own page: what Drover has written, beside its history. */
  async openDetails(url: string, page = this.page): Promise<void> {
    if (page.url() !== url) await page.goto(url);
    await page.locator('#user-metadata-tab').click();
    await page.waitForURL(/\/user-metadata/);
  }

  /** The text of the page, and of the frames in which the UI shows what is written in markdown. */
  static async text(page: Page): Promise<string> {
    const texts = await Promise.all(
      page.frames().map((frame) =>
        frame
          .locator('body')
          .innerText({ timeout: 1000 })
          // A frame that is being loaded anew.
          .catch(() => ''),
      ),
    );
    return texts.join('\n');
  }

  /**
   * Waits until a person reads this on the page.
   * @param refresh also presses R in between: the UI asks for a workflow's own page once, and then when it is pressed
   */
  async reads(wanted: string | RegExp, { refresh = false, page = this.page } = {}): Promise<string> {
    let text = '';
    const look = async (): Promise<void> => {
      if (refresh) await page.keyboard.press('r');
      text = await UiBrowser.text(page);
      const isThere = typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
      if (!isThere) throw new Error(`${page.url()} does not say ${String(wanted)}, but:\n${text}`);
    };
    await vi.waitFor(look, { timeout: limitMs, interval: 250 });
    return text;
  }

  /** What is written in a frame has links that open a page of their own. */
  async follow(link: string): Promise<Page> {
    for (const frame of this.page.frames()) {
      const found = frame.getByRole('link', { name: link, exact: true }).first();
      if ((await found.count()) === 0) continue;
      const opened = this.page.context().waitForEvent('page');
      await found.click();
      return await opened;
    }
    throw new Error(`no link ${link} on ${this.page.url()}`);
  }

  /** @returns the file */
  async shot(name: string): Promise<string> {
    mkdirSync(this.#screenshots, { recursive: true });
    const path = join(this.#screenshots, `${name.replaceAll(/\W+/g, '-')}.png`);
    await this.page.screenshot({ path, fullPage: true });
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
