import { expect } from 'chai';

import { page } from '../../../../src/adapters/web/page.js';
import type { View } from '../../../../src/adapters/web/view.js';
import type { NewsItem } from '../../../../src/ports/journal.js';
import { daemonStatus, viewOf } from '../../../support/page-view.js';

const EVIL = `"><img src=x onerror=alert(1)>'</script>&`;

async function rendered(view: View): Promise<string> {
  return page(view, { style: '/s.css', script: '/s.js' }, () => Promise.resolve());
}

describe('the status page', () => {
  it('shows what is wrong first, the worst before the rest', async () => {
    const text = await rendered(
      viewOf([
        daemonStatus({ name: 'fine' }),
        daemonStatus({ name: 'slow', observed: 'backing-off', nextTry: 5000, pid: null, uptime: null }),
        daemonStatus({ name: 'dead', observed: 'given-up', pid: null, uptime: null, reason: 'exited with status 78' }),
      ]),
    );
    const troubles = [...text.matchAll(/id="trouble-(\w+)"/g)].map((match) => match[1]);
    expect(troubles).to.deep.equal(['dead', 'slow']);
    expect(text).to.include('2 daemons need a look');
    expect(text).to.include('<title>2 wrong &middot; shop</title>');
    expect(text.indexOf('trouble-dead')).to.be.lessThan(text.indexOf('daemon-fine'));
    expect(text).to.include('/icon-bad.svg');
  });

  it('says so where all is well', async () => {
    const text = await rendered(viewOf([daemonStatus({ name: 'web' }), daemonStatus({ name: 'off', observed: 'stopped', desired: 'down', pid: null, uptime: null })]));
    expect(text).to.include('All is well');
    expect(text).not.to.include('id="trouble-');
    expect(text).to.include('/icon-good.svg');
  });

  it('escapes every text that comes from elsewhere', async () => {
    const news: NewsItem = { id: 1, at: 1_799_999_999_000, daemon: EVIL, news: 'crash', reason: EVIL, delay: undefined };
    const text = await rendered(
      viewOf([daemonStatus({ name: 'web', observed: 'degraded', reason: EVIL, paused: EVIL, says: EVIL, warnings: [EVIL], waitsFor: [EVIL], health: [{ name: EVIL, kind: 'liveness', by: 'http', state: 'unhealthy', last: EVIL, consecutive: 3, at: 1 }] })], {
        host: EVIL,
        news: [news],
        roles: [{ name: EVIL, held: false, reason: EVIL, since: 1 }],
        tasks: [{ name: EVIL, kind: 'task', description: EVIL, schedule: EVIL, timezone: EVIL, enabled: true, next: null, queued: false, skipped: { count: 1, at: 1, why: EVIL }, last: { id: 1, scheduled: null, why: EVIL, startedAt: 1, startedMonotonic: 1, process: null, took: 1, result: 'failed', exit: null, reason: EVIL, output: [EVIL], omitted: 0 } }],
      }),
    );
    expect(text.match(/<img|onerror=alert\(1\)>|<\/script>&/g) ?? []).to.deep.equal([]);
    expect(text.split('&lt;img src=x onerror=alert(1)&gt;').length).to.be.greaterThan(14);
  });

  it('has no style, script or handler of its own in the document, which its policy would refuse', async () => {
    const text = await rendered(viewOf([daemonStatus({ name: 'web' })]));
    expect(text).not.to.match(/<style|\sstyle=|\son[a-z]+=|<script(?![^>]*src=)|javascript:/);
    expect(text).not.to.match(/<form|<input|<button/);
  });

  it('lets others have their turn while a thousand daemons are drawn', async () => {
    let turns = 0;
    const daemons = Array.from({ length: 1000 }, (_, index) => daemonStatus({ name: `d${index}` }));
    await page(viewOf(daemons), { style: '', script: '' }, () => Promise.resolve(void (turns += 1)));
    expect(turns).to.equal(40);
  });

  it('goes without the strips where the history cannot be read', async () => {
    const text = await rendered(viewOf([daemonStatus({ name: 'web' })], { day: undefined }));
    expect(text).to.include('the history cannot be read');
    expect(text).not.to.include('<svg class="strip"');
  });
});
