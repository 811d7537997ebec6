import { expect } from 'chai';

import { isTemplate, resourceUnit } from '../../../src/core/unit-name.js';

describe('the unit of a resource', () => {
  it('is a service where it has no suffix', () => {
    expect(resourceUnit('nginx', undefined)).to.equal('nginx.service');
    expect(resourceUnit('a.b', undefined)).to.equal('a.b.service');
    for (const name of ['nginx.service', 'x.socket', 'srv-data.mount', 'x.timer', 'x.path', 'x.target', 'srv-a\\x2db.mount']) expect(resourceUnit(name, undefined)).to.equal(name);
  });

  it('gets an instance where it is a template without one', () => {
    expect(resourceUnit('db@', undefined)).to.equal('db@pacemaker.service');
    expect(resourceUnit('db@.service', 3)).to.equal('db@3.service');
    expect(resourceUnit('db@main', 3)).to.equal('db@main.service');
    expect([isTemplate('db@'), isTemplate('db@.socket'), isTemplate('db@main'), isTemplate('db')]).to.deep.equal([true, true, false, false]);
  });

  it('is none for what systemctl takes for a pattern, an option, a path, or nothing', () => {
    for (const text of ['', ' ', 'a b', '*', 'a?', '[a]', '--help', '.', '..service', '../x', '/etc/x', '@', '@.service', '.service', 'a\n', 'a\\', 'a\\n', 'ü', 'x'.repeat(201)]) expect(resourceUnit(text, undefined), text).to.equal(undefined);
  });
});
