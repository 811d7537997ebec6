/** What the words after `npm run bench --` come to. */
import { expect } from 'chai';

import { forecast, PROGRAMS, understand, USAGE, type Run } from '../../../scripts/bench/words.mjs';

function run(...words: readonly string[]): Run {
  const understood = understand(words, true);
  if (understood === 'help' || 'wrong' in understood) throw new Error(JSON.stringify(understood));
  return understood;
}

const wrong = (...words: readonly string[]): string => {
  const understood = understand(words, true);
  return understood !== 'help' && 'wrong' in understood ? understood.wrong : 'nothing';
};

describe('words of the benchmark', () => {
  it('without a name ask for the supervisors, the front and the cluster, one after the other', () => {
    expect(run().parts.map(({ program }) => program)).to.deep.equal(['supervision', 'front', 'pacemaker']);
    expect(run().leftOut).to.deep.equal([]);
    expect(forecast(run())).to.match(/^recovery \d+ min, crash-loop \d+ min, scale \d+ min, growth \(with scale\), front \d+ min, pacemaker \d+ min: together roughly \d+ min/);
  });

  it('leave the long ones out where it is to be quick, or there is no root, and say so', () => {
    expect([run('--quick').parts.map(({ program }) => program), run('--quick').leftOut]).to.deep.equal([['supervision'], ['front (--quick)', 'pacemaker (--quick)']]);
    expect(understand([], false)).to.deep.include({ leftOut: ['front (needs root)', 'pacemaker (needs root)'] });
    expect(forecast(run('--quick'))).to.include('under two minutes');
  });

  it('go to the program that knows them, each once', () => {
    const { parts, json } = run('growth', 'front', 'recovery', '--sizes=1,10', '--runs=5', '--only=a=b', '--write', '--json=x');
    expect(parts).to.deep.equal([
      { program: 'supervision', names: ['recovery', 'growth'], flags: ['--sizes=1,10', '--write'] },
      { program: 'front', names: ['front'], flags: ['--runs=5', '--only=a=b', '--write'] },
    ]);
    expect(json).to.equal('x');
    expect(forecast(run('growth'))).to.match(/^growth 25 min: together roughly 25 min/);
  });

  it('are refused in one line that says why', () => {
    expect(wrong('speed')).to.equal("cannot run 'speed': the benchmarks are recovery, crash-loop, scale, growth, front, pacemaker, ganeti");
    expect(wrong('recovery', '--fast')).to.equal('cannot understand --fast: there is no such option; try: npm run bench -- --help');
    expect(wrong('recovery', '--toString')).to.include('there is no such option');
    expect(wrong('scale', '--runs=3')).to.include('it is for front, pacemaker, ganeti');
    expect(wrong('recovery', '--kills=many')).to.include('it takes a whole number above zero');
    expect(wrong('scale', '--sizes=10,,5')).to.include('whole numbers above zero');
    expect(wrong('scale', '--sizes')).to.include('whole numbers above zero');
    expect(wrong('recovery', '--quick=yes')).to.include('it takes no value');
    expect(wrong('recovery', '--json=')).to.include('it takes a value');
    expect(wrong('-x')).to.include('cannot understand -x');
    expect([wrong('recovery', '--age=0'), wrong('scale', '--idle=0.5'), wrong('pacemaker', '--baseline-runs=0')]).to.deep.equal(['nothing', 'nothing', 'nothing']);
  });

  it('have a usage that leaves no name and no option out', () => {
    expect([understand(['recovery', '--fast', '--help'], true), understand(['-h'], true)]).to.deep.equal(['help', 'help']);
    for (const { names, options } of Object.values(PROGRAMS)) {
      for (const name of names) expect(USAGE).to.match(new RegExp(`^    ${name} `, 'm'));
      for (const option of Object.keys(options)) expect(USAGE).to.match(new RegExp(`--${option}\\b`));
    }
  });
});
