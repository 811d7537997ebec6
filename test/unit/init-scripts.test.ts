/** etc/: what insserv and update-rc.d read of the init scripts, and that a group's files fit its catalogue. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';

const ETC = path.resolve(import.meta.dirname, '../../etc');
const read = (name: string): string => readFileSync(path.join(ETC, name), 'utf8');

/** As the LSB has it: keyword, colon, words; a further line of the description begins with white space. */
function header(name: string): ReadonlyMap<string, string> {
  const block = /^### BEGIN INIT INFO\n((?:#.*\n)+)### END INIT INFO\n/m.exec(read(`init.d/${name}`))?.[1] ?? '';
  const found = new Map<string, string>();
  let last = '';
  for (const line of block.trimEnd().split('\n')) {
    const [, keyword, value = ''] = /^# ([A-Z][A-Za-z-]*):\s*(.*)$/.exec(line) ?? [];
    if (keyword === undefined) {
      expect(line, name).to.match(/^#(\t| {2,})\S/);
      found.set(last, `${found.get(last) ?? ''} ${line.slice(1).trim()}`);
    } else {
      expect(found.has(keyword), `${name}: ${keyword} twice`).to.equal(false);
      found.set(keyword, value);
      last = keyword;
    }
  }
  return found;
}

const words = (text: string | undefined): readonly string[] => (text ?? '').split(/\s+/).filter((word) => word !== '');
const scripts = readdirSync(path.join(ETC, 'init.d'));
const FACILITIES = ['$local_fs', '$network', '$named', '$portmap', '$remote_fs', '$syslog', '$time'];

interface ShippedCatalogue {
  readonly group: { readonly name: string; readonly environmentFile: string };
  readonly daemons: Readonly<Record<string, { readonly argumentVariables?: readonly string[]; readonly onDemand?: boolean }>>;
}

describe('the init scripts', () => {
  for (const name of scripts) {
    it(`${name} tells rc when it is to be run`, () => {
      const keys = header(name);
      expect([...keys.keys()]).to.have.members(['Provides', 'Required-Start', 'Required-Stop', 'Should-Start', 'Should-Stop', 'Default-Start', 'Default-Stop', 'Short-Description', 'Description']);
      expect(keys.get('Provides')).to.equal(name);
      expect(words(keys.get('Default-Start'))).to.deep.equal(['2', '3', '4', '5']);
      expect(words(keys.get('Default-Stop'))).to.deep.equal(['0', '1', '6']);
      for (const keyword of ['Required-Start', 'Required-Stop', 'Should-Start', 'Should-Stop']) {
        const unknown = words(keys.get(keyword)).filter((word) => !FACILITIES.includes(word) && !scripts.includes(word));
        expect(unknown, keyword).to.deep.equal([]);
      }
      // what is there before a start is there until after the stop
      expect(keys.get('Required-Stop')).to.equal(keys.get('Required-Start'));
    });
  }

  it('start the watcher before a group, and stop it after', () => {
    for (const name of scripts.filter((each) => each !== 'watchkeeper')) {
      expect(words(header(name).get('Should-Start')), name).to.include('watchkeeper');
      expect(words(header(name).get('Should-Stop')), name).to.include('watchkeeper');
    }
    expect(words(header('watchkeeper').get('Should-Start'))).to.not.include.members(scripts);
  });
});

describe("a group's files in etc/", () => {
  const catalogues = readdirSync(path.join(ETC, 'watchkeeper'))
    .filter((name) => name.endsWith('.yaml') && name !== 'watchkeeper.yaml')
    .map((name) => parse(read(`watchkeeper/${name}`)) as ShippedCatalogue);

  it('are there for each catalogue that is shipped', () => {
    expect(catalogues).to.not.have.length(0);
    for (const { group } of catalogues) {
      expect(read(`init.d/${group.name}`)).to.include(`\nprogram=${group.name}\n`);
      expect(group.environmentFile).to.equal(`/etc/default/${group.name}`);
      expect(read(`logrotate.d/${group.name}`)).to.include(`/var/log/${group.name}/*.log {`).and.include('/usr/sbin/daemon-util rotate-all-logs');
    }
  });

  it('offer in etc/default the variables of each daemon', () => {
    for (const { group, daemons } of catalogues) {
      const wanted = Object.values(daemons).flatMap(({ argumentVariables = [] }) => argumentVariables).filter((variable) => !variable.startsWith('EXTRA_'));
      const offered = [...read(`default/${group.name}`).matchAll(/^#?([A-Z_]+)=/gm)].map(([, variable]) => variable);
      expect(offered).to.include.members(wanted);
    }
  });
});
