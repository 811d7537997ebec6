import { expect } from 'chai';

import { bars, dayInWords, dayPicture, STRIP_HEIGHT } from '../../../../src/adapters/web/day-picture.js';
import { SLOT, SLOTS } from '../../../../src/core/day-timeline.js';
import type { TimelineWord } from '../../../../src/core/history.js';

function day(...parts: readonly (readonly [TimelineWord, number])[]): readonly TimelineWord[] {
  return parts.flatMap(([word, count]) => Array.from({ length: count }, () => word));
}

describe('the picture of a day', () => {
  it('has one bar for each stretch, where it was and as long as it was, and none where nobody looked', () => {
    const drawn = bars(day(['unknown', 100], ['starting', 1], ['up', 150], ['crash-loop', 2], ['up', 35]));
    expect(drawn.map(({ word, x, width }) => `${word} ${x}+${width}`)).to.deep.equal(['starting 100+1', 'up 101+150', 'crash-loop 251+2', 'up 253+35']);
  });

  it('is the taller, the worse, so that no colour is needed', () => {
    const words: readonly TimelineWord[] = ['stopped', 'paused', 'up', 'starting', 'waiting', 'degraded', 'backing-off', 'crash-loop'];
    const heights = words.map((word) => bars([word])[0]?.height ?? 0);
    expect(heights).to.deep.equal([...heights].sort((a, b) => a - b));
    expect(new Set(heights).size).to.equal(words.length);
  });

  it('never leaves its frame', () => {
    for (const [, x, y, width, height] of dayPicture(day(['failed', 144], ['up', 144])).toString().matchAll(/x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"/g)) {
      expect(Number(x) + Number(width)).to.be.at.most(SLOTS);
      expect(Number(y) + Number(height)).to.equal(STRIP_HEIGHT);
    }
  });

  it('is told in words, the newest first', () => {
    const now = 1_800_000_000_000;
    const words = dayInWords(day(['up', 286], ['crash-loop', 1], ['up', 1]), now);
    expect(words).to.match(/^up since \d\d:\d\d; \d\d:\d\d–\d\d:\d\d crash-loop; \d\d:\d\d–\d\d:\d\d up$/);
    expect(dayInWords(day(['unknown', 288]), now)).to.equal('no watcher saw it');
    expect(dayInWords(day(['up', 288]), now)).to.match(/^up since before /);
    expect(SLOT * SLOTS).to.equal(86_400_000);
  });
});
