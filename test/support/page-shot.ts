/** `npx tsx test/support/page-shot.ts` makes docs/page.png anew: the page of a bad night, with what the daemons of page-site.ts tell. */
import { fileURLToPath } from 'node:url';

import { launchBrowser } from './browser.js';
import { badNight, pageSite } from './page-site.js';

const site = await pageSite(badNight());
const browser = await launchBrowser();
try {
  if (typeof browser === 'string') throw new Error(browser);
  const page = await browser.newPage({ viewport: { width: 980, height: 1010 }, colorScheme: 'light' });
  await page.goto(site.url);
  await page.locator('#asof.live').waitFor();
  await page.screenshot({ path: fileURLToPath(new URL('../../docs/page.png', import.meta.url)) });
} finally {
  if (typeof browser !== 'string') await browser.close();
  await site.close();
}
