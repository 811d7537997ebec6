/** Debian's Chromium, without a window. */
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const PROGRAM = '/usr/bin/chromium';
const DEADLINE = 30_000;

/** @returns why there is none, where it isn't installed */
export async function launchBrowser(): Promise<Browser | string> {
  if (!existsSync(PROGRAM)) return `${PROGRAM} is not installed (Debian package chromium)`;
  // Its own sandbox wants user namespaces, which containers and root often have not; it loads nothing but our page.
  return chromium.launch({ executablePath: PROGRAM, args: ['--no-sandbox', '--disable-dev-shm-usage', '--no-proxy-server'], timeout: DEADLINE });
}
