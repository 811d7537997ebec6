import { expect } from 'chai';

import { allowedHosts, checkRequest, type RequestHead } from '../../../../src/adapters/web/request-check.js';

const HOSTS = allowedHosts({ kind: 'tcp', host: '127.0.0.7', port: 9797 }, ['status.example.org']);

function checked({ host = 'localhost', ...head }: Partial<RequestHead> & { readonly host?: string }): number | string {
  const result = checkRequest({ method: 'GET', url: '/', hosts: [host], origin: undefined, ...head }, HOSTS);
  return result.ok ? result.path : result.status;
}

describe('requests of the status page', () => {
  it('are answered by the names of this machine', () => {
    for (const host of ['localhost', 'LOCALHOST:9797', '127.0.0.1', '127.0.0.7:9797', '[::1]:80', 'status.example.org']) expect(checked({ host }), host).to.equal('/');
  });

  it('are refused under a name of somebody else, which leads here by DNS rebinding', () => {
    for (const host of ['', 'evil.example', 'localhost.evil.example', 'evil.example:9797', '127.0.0.1.evil.example', 'localhost@evil.example', '[::1].evil.example', 'localhost:9797:1', '127.0.0.2']) {
      expect(checked({ host }), host).to.equal(403);
    }
    expect(checked({ hosts: [] })).to.equal(403);
    expect(checked({ hosts: ['localhost', 'evil.example'] })).to.equal(403);
  });

  it('are refused to web pages of others', () => {
    for (const origin of ['http://evil.example', 'null', '', 'file://localhost', 'http://localhost.evil.example']) expect(checked({ origin }), origin).to.equal(403);
    expect(checked({ origin: 'http://localhost:9797' })).to.equal('/');
  });

  it('may only be such that change nothing', () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT', 'get', '']) expect(checked({ method }), method).to.equal(405);
    expect(checked({ method: 'HEAD' })).to.equal('/');
  });

  it('have a path and nothing else for a path', () => {
    expect(checked({ url: '/metrics?x=1' })).to.equal('/metrics');
    for (const url of ['http://localhost/', '*', '', 'metrics', '/a b', `/${'a'.repeat(1000)}`, '/\u00e4']) expect(checked({ url }), url).to.equal(400);
  });
});
