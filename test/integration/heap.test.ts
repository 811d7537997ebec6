/** V8's heap under a limit of growth, beside one without, each in a process of its own. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const HEAP = fileURLToPath(new URL('../../src/adapters/host/heap.ts', import.meta.url));
/** What lives is replaced bit by bit, after it has grown old: only a collection of the whole heap frees that. */
const CHURN = `
  const alive = Array.from({ length: 150_000 }, (_, index) => ({ index, text: [index] }));
  let most = 0;
  for (let round = 0; round < 60; round += 1) {
    for (let index = round % 6; index < alive.length; index += 6) alive[index] = { index, text: [round] };
    if (round > 10) most = Math.max(most, process.memoryUsage().heapTotal);
  }
  process.stdout.write(String(most));
`;

describe('the heap of a process that lives long', function () {
  this.timeout(60_000);

  function most(before: string): number {
    const words = ['--max-semi-space-size=1', '--import=tsx/esm', '--input-type=module', '-e', `${before}${CHURN}`];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', cwd: fileURLToPath(new URL('../..', import.meta.url)), timeout: 25_000 });
    expect(status, stderr).to.equal(0);
    expect(stderr).to.not.include('unrecognized flag');
    return Number(stdout);
  }

  it('grows clearly less between two collections than one without a limit', () => {
    const [bounded, free] = [most(`import { boundHeapGrowth } from ${JSON.stringify(HEAP)}; boundHeapGrowth();`), most('')];
    expect(bounded / free, `${bounded} of ${free} bytes`).to.be.within(0.2, 0.85);
  });
});
