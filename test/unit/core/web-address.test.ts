import { expect } from 'chai';

import { configurationFromText } from '../../../src/adapters/config/load.js';
import { isHostName, parseWebAddress, showWebAddress } from '../../../src/core/web-address.js';

describe('the address of the status page', () => {
  it('is one of loopback, or a UNIX socket', () => {
    for (const text of ['127.0.0.1:9797', '127.1.2.3:1', '[::1]:65535', 'unix:/run/watchkeeper/page.sock']) {
      const address = parseWebAddress(text);
      expect(address, text).not.to.equal(undefined);
      if (address !== undefined) expect(showWebAddress(address)).to.equal(text);
    }
  });

  it('is nothing that another machine could reach, and nothing that looks like it', () => {
    const wrong = ['0.0.0.0:9797', '[::]:9797', '192.168.1.1:80', ':9797', '9797', '*:80', 'localhost:9797', '127.0.0.1', '127.0.0.1:0', '127.0.0.1:65536', '127.0.0.256:80', '127.0.0.1.example.org:80', '[::ffff:127.0.0.1]:80', '0x7f.1:80', '127.1:80', 'unix:', 'unix:run/x', 'unix:/', 'unix:/a/../b', `unix:/${'x'.repeat(100)}`, 'unix:\u0000x', 'http://127.0.0.1:80', ''];
    for (const text of wrong) expect(parseWebAddress(text), text).to.equal(undefined);
  });

  it('is an error of the configuration otherwise', () => {
    expect(() => configurationFromText('wk.yaml', "daemons: {}\nweb: {listen: '0.0.0.0:80'}", {})).to.throw(/0\.0\.0\.0:80.*127\.0\.0\.1:PORT/s);
    expect(configurationFromText('wk.yaml', "daemons: {}\nweb: {listen: '127.0.0.1:80'}", {}).settings.web.listen).to.equal('127.0.0.1:80');
  });

  it('knows names of hosts', () => {
    expect(['a', 'status.example.org', '1.2'].every(isHostName)).to.equal(true);
    expect(['', 'A', '-a', 'a.', 'a:80', 'a/b', '*'].some(isHostName)).to.equal(false);
  });
});
