import { expect } from 'chai';
import fc from 'fast-check';

import { html } from '../../../../src/adapters/web/html.js';

describe('html', () => {
  it('escapes whatever it takes in, in texts and in attributes', () => {
    const evil = `<script>alert("1")</script> & 'x' \`y\``;
    expect(html`<p title="${evil}">${evil}</p>`.toString()).to.equal(
      '<p title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39; &#96;y&#96;">&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39; &#96;y&#96;</p>',
    );
  });

  it('lets nothing through that could end a text or an attribute, whatever is tried', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        const inside = html`${text}`.toString();
        return !/[<>"'`\0-\x1f\x7f\u202e\u2066]/.test(inside) && !inside.replace(/&(?:amp|lt|gt|quot|#39|#96);/g, '').includes('&');
      }),
    );
  });

  it('takes its own markup, lists of it, numbers and nothing as they are meant', () => {
    expect(html`<ul>${['a<', 'b'].map((text) => html`<li>${text}</li>`)}</ul>`.toString()).to.equal('<ul><li>a&lt;</li><li>b</li></ul>');
    expect(html`${1.5}${undefined}${false}${Number.NaN}${Number.POSITIVE_INFINITY}`.toString()).to.equal('1.5');
  });

  it('does not take an object for markup because it looks like some', () => {
    const forged = { toString: () => '<b>' } as unknown as string;
    expect(() => html`${forged}`).to.throw(TypeError);
  });

  it('bounds the text of others', () => {
    expect(html`${'x'.repeat(100_000)}`.toString()).to.have.length(500);
  });
});
