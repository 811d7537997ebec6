/** scripts/build-deb: Debian's own tools over a copy of what is shipped; debian/ says how. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { debianChangelog, debianCopyright } from './debian-texts.mjs';
import { Problem, ROOT, isProgram, runMain } from './project.mjs';
import { debianVersion, inTemporaryDirectory, options, prepare, run, sourceDate } from './release.mjs';

const TOOLS = { '/usr/bin/dpkg-buildpackage': 'dpkg-dev', '/usr/bin/dh': 'debhelper', '/usr/bin/scdoc': 'scdoc' };

export async function buildDeb(output, version = debianVersion()) {
  const missing = Object.entries(TOOLS).filter(([program]) => !existsSync(program)).map(([, name]) => name);
  if (missing.length > 0) throw new Problem(`cannot make a Debian package: ${missing.join(', ')} is not installed; try apt-get install ${missing.join(' ')}`);
  if (!/^[0-9][A-Za-z0-9.+~]*$/.test(version)) throw new Problem(`cannot make a Debian package: ${version} is no version of one, see deb-version(7)`);
  const text = (name) => readFileSync(path.join(ROOT, name), 'utf8');
  return inTemporaryDirectory(async (directory) => {
    const source = path.join(directory, 'source');
    await prepare(source, ['debian']);
    const maintainer = /^Maintainer: (.*)$/m.exec(text('debian/control'))?.[1];
    writeFileSync(path.join(source, 'debian/changelog'), debianChangelog(text('CHANGELOG.md'), { version, maintainer, date: sourceDate() }));
    writeFileSync(path.join(source, 'debian/copyright'), debianCopyright(text('dist/LICENSES')));
    // -d: Node may be of anybody's making, and it is this one
    run(['/usr/bin/dpkg-buildpackage', '--build=binary', '--no-sign', '-d'], source, {
      PATH: `${path.dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin`,
      HOME: directory,
      LC_ALL: 'C.UTF-8',
      TZ: 'UTC',
      SOURCE_DATE_EPOCH: String(sourceDate()),
    });
    mkdirSync(output, { recursive: true });
    const [name] = readdirSync(directory).filter((file) => file.endsWith('.deb'));
    copyFileSync(path.join(directory, name), path.join(output, name));
    return path.join(output, name);
  });
}

if (isProgram(import.meta.url)) await runMain(async () => {
  const { output = '.', version } = options(['output', 'version']);
  process.stdout.write(`${await buildDeb(output, version)}\n`);
  return 0;
});
