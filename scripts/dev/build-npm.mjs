/** scripts/build-npm: npm's own packer over a copy whose modes are nobody's umask. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { cleanEnvironment, isProgram, runMain } from './project.mjs';
import { inTemporaryDirectory, manifest, options, prepare, run } from './release.mjs';
import { npmCommand } from './setup.mjs';

if (isProgram(import.meta.url)) await runMain(async () => {
  const { output = '.' } = options(['output']);
  await inTemporaryDirectory(async (directory) => {
    await prepare(directory);
    mkdirSync(output, { recursive: true });
    run([...npmCommand(), 'pack', '--ignore-scripts', '--pack-destination', path.resolve(output)], directory, cleanEnvironment());
  });
  process.stdout.write(`${path.join(output, `watchkeeper-${manifest().version}.tgz`)}\n`);
  return 0;
});
