/** The texts of the Debian package that are made from ours, so that each is kept once. */

const WIDTH = 79;

/** CHANGELOG.md → debian/changelog, deb-changelog(5). The newest section is of the version that is built. */
export function debianChangelog(markdown, { version, maintainer, date }) {
  const sections = markdown.split(/^## /m).slice(1);
  return sections
    .map((section, index) => {
      const [heading = '', ...lines] = section.split('\n');
      const [, older, day] = /^\[?(\d[^\s\]]*)(?:.*?(\d{4}-\d\d-\d\d))?/.exec(heading) ?? [];
      const when = new Date(index === 0 || day === undefined ? date * 1000 : `${day}T12:00:00Z`);
      const changes = paragraphs(lines).map((text) => wrapped(text)).join('\n');
      return `watchkeeper (${index === 0 ? version : older}) unstable; urgency=medium\n\n${changes}\n\n -- ${maintainer}  ${rfc5322(when)}\n`;
    })
    .join('\n');
}

/** A list's points, and what stands between blank lines. */
function paragraphs(lines) {
  const found = [];
  let open = false;
  for (const line of lines) {
    const text = line.replace(/^\s*- /, '').replace(/^#+ (.*)/, '[ $1 ]').trim();
    if (text === '') open = false;
    else if (open && !/^\s*- /.test(line)) found[found.length - 1] += ` ${text}`;
    else {
      found.push(text);
      open = true;
    }
  }
  return found;
}

function wrapped(text) {
  // as deb-changelog(5) groups what follows
  if (/^\[ .* \]$/.test(text)) return `  ${text}`;
  const lines = ['  *'];
  for (const word of text.split(/\s+/)) {
    const last = lines[lines.length - 1];
    if (last.length + 1 + word.length > WIDTH && last.length > 4) lines.push(`    ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join('\n');
}

function rfc5322(date) {
  return date.toUTCString().replace('GMT', '+0000');
}

const OWN = `Watchkeeper

Licensed under the Apache License, Version 2.0; on Debian systems its text is in
/usr/share/common-licenses/Apache-2.0.

The programs contain the packages of other authors that follow, with their terms.
Where these are the Apache License, Version 2.0, see the same file.
`;

/** Debian wants the text of the Apache licence referred to, and all others in full. */
export function debianCopyright(licences) {
  const apache = /^[^\S\n]*Apache License\n\s*Version 2\.0, January 2004\n[^]*?END OF TERMS AND CONDITIONS\n(?:\s*APPENDIX:[^]*?third-party archives\.\n)?/gm;
  const texts = licences.replace(/\r\n/g, '\n').replace(/^.*\n\n/, '');
  return `${OWN}\n${'-'.repeat(72)}\n\n${texts.replace(apache, 'Apache License, Version 2.0: /usr/share/common-licenses/Apache-2.0\n')}`;
}
