/** The status page in a real browser: what people see, also those who see little, use no mouse, or have no JavaScript. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect } from 'chai';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

import { launchBrowser } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { badNight, barCount, pageSite, type PageSite } from '../support/page-site.js';
import { daemonStatus } from '../support/page-view.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const DESKTOP = { width: 1200, height: 900 };
const PHONE = { width: 390, height: 844 };

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

describe('the status page in Chromium', function () {
  this.timeout(60_000);
  let browser: Browser | undefined;
  let site: PageSite;

  before(async function () {
    const launched = await launchBrowser();
    if (typeof launched === 'string') {
      console.log(`      skipped: ${launched}`);
      this.skip();
    }
    browser = launched;
  });
  after(() => browser?.close());
  beforeEach(async () => (site = await pageSite(badNight())));
  afterEach(async () => {
    for (const context of browser?.contexts() ?? []) await context.close();
    await site.close();
    expect(site.failures).to.deep.equal([]);
  });

  /** The page, loaded, and whatever it complains of in the console. */
  async function open(options: BrowserContextOptions = {}): Promise<{ readonly page: Page; readonly complaints: readonly string[] }> {
    if (browser === undefined) throw new Error('there is no browser');
    const context = await browser.newContext({ viewport: DESKTOP, ...options });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(site.url);
    return { page, complaints };
  }

  async function live(page: Page): Promise<void> {
    await page.locator('#asof.live').waitFor({ timeout: 20_000 });
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [name, viewport] of [['a desk', DESKTOP], ['a phone', PHONE]] as const) {
      it(`keeps what axe-core knows of WCAG, ${colorScheme}, on ${name}`, async () => {
        const { page, complaints } = await open({ colorScheme, viewport });
        await live(page);
        for (const row of ['till', 'web', 'mail']) await page.locator(`#row-${row}`).click();
        await page.evaluate(AXE);
        const violations = await page.evaluate<readonly Violation[]>("axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(({ violations }) => violations)");
        expect(violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`))).to.deep.equal([]);
        expect(complaints).to.deep.equal([]);
        const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
        expect(overflow, 'nothing stands beyond the right edge').to.be.at.most(0);
      });
    }
  }

  it('draws each strip as the history has it, and shows what is wrong on the first screen of a phone', async () => {
    const { page } = await open({ viewport: PHONE });
    for (const name of ['till', 'web', 'store']) expect(await page.locator(`#daemon-${name} .strip rect`).count(), name).to.equal(barCount(site.view.day?.get(name)));
    const box = await page.locator('#trouble-till').boundingBox();
    expect((box?.y ?? 9999) + (box?.height ?? 0)).to.be.at.most(PHONE.height);
    const widths = await page.evaluate<readonly number[]>("['#daemon-till .strip', '#daemon-till .strip rect:last-child'].map((name) => document.querySelector(name).getBoundingClientRect().width)");
    const [strip = 0, last = 0] = widths;
    expect(last / strip).to.be.closeTo((288 - 255) / 288, 0.02);
  });

  it('is complete without JavaScript', async () => {
    const { page } = await open({ javaScriptEnabled: false });
    expect(await page.locator('h1').textContent()).to.equal('2 daemons need a look');
    await page.locator('#row-till').click();
    expect(await page.locator('#daemon-till dl').innerText()).to.match(/No space left on device/);
    expect(await page.locator('#asof').innerText()).to.match(/^as of \d\d:\d\d \S+ reload$/);
    expect(await page.locator('.order .node').count()).to.equal(7);
    site.view = { ...site.view, daemons: site.view.daemons.map((daemon) => ({ ...daemon, observed: 'running', health: [] })) };
    await eventually('a reload shows what is new', async () => {
      await page.locator('#asof a').click();
      return (await page.locator('#troubles li').count()) === 1;
    });
  });

  it('can be walked by the keyboard alone', async () => {
    const { page } = await open();
    await live(page);
    await page.keyboard.press('Tab');
    expect(await focused(page)).to.equal('Skip to the daemons');
    const seen: string[] = [];
    for (let step = 0; step < 14; step += 1) {
      await page.keyboard.press('Tab');
      seen.push(await page.evaluate<string>("document.activeElement.id || document.activeElement.getAttribute('href') || document.activeElement.tagName"));
    }
    expect(seen).to.include.members(['#daemon-till', '#daemon-web', 'row-store', 'row-till', 'row-metrics-exporter-with-a-long-name']);
    await page.locator('#row-till').focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('#daemon-till dl').isVisible()).to.equal(true);
    const outline = await page.evaluate<string>("getComputedStyle(document.querySelector('#row-till')).outlineStyle");
    expect(outline).to.equal('solid');
    await page.locator('#order-graph').focus();
    expect(await focused(page)).to.include('store');
  });

  it('follows what happens by itself; what was open stays open, and the focus where it was', async () => {
    const { page, complaints } = await open();
    await live(page);
    await page.locator('#row-till').click();
    await page.locator('#row-till').focus();
    site.view = {
      ...site.view,
      daemons: [
        ...site.view.daemons.filter(({ name }) => name !== 'store').map((daemon) => (daemon.name === 'till' ? { ...daemon, observed: 'running' as const, restarts: 15, pid: 99, uptime: 1000, nextTry: null, reason: 'it runs <again>' } : daemon)),
        daemonStatus({ name: 'newcomer' }),
      ],
    };
    await page.locator('#daemon-newcomer').waitFor({ timeout: 20_000 });
    expect(await page.title()).to.equal('1 wrong · shop');
    expect(await page.locator('#daemon-store').count()).to.equal(0);
    expect(await page.locator('#trouble-till').count()).to.equal(0);
    expect(await page.locator('h1').textContent()).to.equal('web needs a look');
    expect(await page.locator('#daemon-till dl').innerText()).to.include('it runs <again>');
    expect(await page.locator('#daemon-till details').getAttribute('open')).to.equal('');
    expect(await page.evaluate<string>('document.activeElement.id')).to.equal('row-till');
    expect(await page.evaluate<readonly string[]>("[...document.querySelectorAll('#daemons > li')].map(({ id }) => id)")).to.deep.equal(site.view.daemons.map(({ name }) => `daemon-${name}`));
    expect(complaints).to.deep.equal([]);
  });

  it('says when it is no longer told, and when it is again', async () => {
    const { page } = await open();
    await live(page);
    const { port } = new URL(site.url);
    await site.close();
    await page.locator('#asof.lost').waitFor({ timeout: 20_000 });
    expect(await page.locator('#asof').innerText()).to.match(/^not heard since /);
    site = await pageSite(site.view, Number(port));
    await live(page);
  });

  it('lets nothing of others in, whatever they call themselves', async () => {
    const evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    site.view = { ...site.view, host: evil, daemons: [daemonStatus({ name: 'web', observed: 'given-up', reason: evil, says: evil })] };
    const { page, complaints } = await open();
    await live(page);
    expect(await page.title()).to.equal('1 wrong · shop');
    expect(await page.locator('img, script:not([src])').count()).to.equal(0);
    expect(await page.locator('#trouble-web p').first().innerText()).to.equal(evil);
    // Even if something got in: the policy refuses what is inline.
    await page.evaluate("const script = document.createElement('script'); script.textContent = 'document.title = 3'; document.head.append(script)");
    expect(await page.title()).to.equal('1 wrong · shop');
    expect(complaints.join()).to.match(/Content Security Policy/);
  });
});

async function focused(page: Page): Promise<string> {
  return page.evaluate<string>('document.activeElement.textContent');
}
