import { existsSync } from 'node:fs';
import { START_STOP_DAEMON } from '../../src/adapters/sysv/start-chain.js';
import { makeHostFixture, TEST_GROUP } from '../support/host-fixture.js';
import { serviceManagerContract } from './service-manager.js';

serviceManagerContract('built-in', () => Promise.resolve(makeHostFixture('built-in')));
serviceManagerContract('built-in, without control groups', () => Promise.resolve(makeHostFixture('built-in', TEST_GROUP, { controlGroups: false })));

describe('where dpkg is', () => {
  before(function () {
    if (!existsSync(START_STOP_DAEMON)) this.skip();
  });
  serviceManagerContract('start-stop-daemon', () => Promise.resolve(makeHostFixture('start-stop-daemon')));
});
