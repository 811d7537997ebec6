import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

import { webServer, type WebPlace, type WebServer } from '../../../../src/adapters/web/server.js';
import type { Log } from '../../../../src/ports/log.js';

const nothing = (): void => undefined;
const LOG: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

describe('adapters/web: the UNIX socket', () => {
  let directory: string;
  let server: WebServer | undefined;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wk-page-'));
  });
  afterEach(async () => {
    await server?.close();
    rmSync(directory, { recursive: true });
  });

  it("is the group's by the next try, where giving it away failed once", async () => {
    const path = join(directory, 'page.sock');
    const mode = (): number => statSync(path).mode & 0o777;
    const given: number[] = [];
    const give: WebPlace['give'] = (_path, gid) => (given.push(gid) === 1 ? Promise.reject(new Error('chgrp: not now')) : Promise.resolve());
    server = webServer({ address: { kind: 'unix', path }, groupId: () => 4711, give, hosts: [] }, { page: undefined, metrics: undefined }, LOG);

    const problem = await server.listen().then(nothing, (error: unknown) => error);
    expect(String(problem)).to.include('not now');
    expect(mode(), 'nobody else gets in before').to.equal(0o600);

    await server.listen();
    expect(given).to.deep.equal([4711, 4711]);
    expect(mode()).to.equal(0o660);
  });
});
