/**
 * A package `nodejs` of a version of our choice for a container whose Debian has
 * an older one: empty, as Node itself is this machine's, seen at /usr/local/bin.
 * So does an operator whose Node is not from a package (docs/packaging.md).
 */
import type { Container } from './containers/container.js';

export const LOCAL_NODE = '/usr/local/bin/node';
const DIRECTORY = '/srv/nodejs';

/** @returns the package's path in the container */
export async function makeNodePackage(container: Container): Promise<string> {
  const fields = { Package: 'nodejs', Version: `${process.versions.node}-0local1`, Architecture: (await container.must(['/usr/bin/dpkg', '--print-architecture'])).trim(), 'Multi-Arch': 'allowed', Maintainer: 'a test <root@localhost>', Description: 'Node of /usr/local' };
  await container.write(`${DIRECTORY}/DEBIAN/control`, Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`).join(''));
  await container.must(['/bin/chmod', '0755', DIRECTORY, `${DIRECTORY}/DEBIAN`]);
  await container.must(['/usr/bin/dpkg-deb', '--build', DIRECTORY, `${DIRECTORY}.deb`]);
  return `${DIRECTORY}.deb`;
}
