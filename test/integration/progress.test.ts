/** Long work on a real terminal, without systemd. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

import { buildOnce } from '../support/daemon-util-world.js';
import { onTerminal, SCRIPT, type OnTerminal } from '../support/pty.js';
import { WatcherWorld } from '../support/watcher-world.js';

const BUNDLE = fileURLToPath(new URL('../../dist/watchkeeper.cjs', import.meta.url));

describe('progress on a terminal', function () {
  this.timeout(60_000);
  let world: WatcherWorld;

  before(function () {
    if (!existsSync(SCRIPT)) this.skip();
    buildOnce();
  });
  beforeEach(() => (world = new WatcherWorld()));
  afterEach(() => world.cleanups.run());

  function at(argv: readonly string[], environment: Record<string, string> = {}): OnTerminal {
    return onTerminal([process.execPath, BUNDLE, 'daemon-util', ...argv], { WATCHKEEPER_CONFIG: world.config, ...environment });
  }

  for (const how of ['without a watcher', 'through the watcher'] as const) {
    it(`start-all and stop-all list the daemons as they come, with the time, ${how}`, async () => {
      world.add('quick');
      world.add('slow', { readyAfter: 1500, stopTakes: 500 });
      world.add('last', {}, { requires: ['slow'] });
      world.write({ defaults: { boot: 'never' } });
      if (how === 'through the watcher') await world.startWatcher();
      const started = at(['start-all']);
      expect(started.status, started.text).to.equal(0);
      expect(started.screen.map((line) => line.replace(/[\d.]+ m?s/, 'T'))).to.deep.equal([
        '  quick: ready after T', '  slow: ready after T', '  last: ready after T', 'start-all: 3 of 3 done, T',
      ]);
      expect(Number(/slow: ready after ([\d.]+) s/.exec(started.text)?.[1])).to.be.at.least(1.4);
      // the line that was kept up to date meanwhile, and is no longer seen
      expect(started.text).to.match(/start-all: 1 of 3 done, [\d.]+ m?s; not yet: slow, last/);
      expect(at(['start-all']).screen.slice(0, 3)).to.deep.equal(['  quick: ran already', '  slow: ran already', '  last: ran already']);
      const stopped = at(['stop-all']);
      expect(stopped.status, stopped.text).to.equal(0);
      expect(stopped.screen.map((line) => line.replace(/[\d.]+ m?s/, 'T'))).to.have.members(['  last: down after T', '  slow: down after T', '  quick: down after T', 'stop-all: 3 of 3 done, T']);
    });
  }

  it('a failure is told as ever, and what was not tried', () => {
    world.add('good');
    world.add('bad', { exits: { status: 3, after: 0 } });
    world.add('late', {}, { after: ['bad'] });
    world.write();
    const { status, screen } = at(['start-all']);
    expect(status).to.equal(1);
    expect(screen[0]).to.match(/^ {2}good: ready after /);
    expect(screen[1]).to.match(/^daemon-util: cannot start bad: exited with status 3/);
    expect(screen.slice(2).join('\n')).to.match(/^start-all: 2 of 3 done, .*\ndaemon-util: start-all: 1 of 3 failed: bad; not tried after that: late$/);
  });

  it('a restart that takes long says so while it does, and leaves nothing behind', () => {
    world.add('slow', { readyAfter: 1500 });
    world.write();
    const { status, text, screen } = at(['restart', 'slow']);
    expect(status, text).to.equal(0);
    expect(text).to.match(/restart: 0 of 1 done, [\d.]+ m?s; not yet: slow/);
    expect(screen).to.deep.equal([]);
  });

  it('there is none with --json, nor where a line cannot be redrawn', () => {
    world.add('web');
    world.add('db');
    world.write();
    const { status, screen } = at(['start-all', '--json']);
    expect(status).to.equal(0);
    expect(screen).to.have.length(1);
    expect(JSON.parse(screen[0] ?? '')).to.include({ command: 'start-all', ok: true });
    expect(at(['stop-all'], { TERM: 'dumb' })).to.include({ status: 0, text: '' });
  });
});
