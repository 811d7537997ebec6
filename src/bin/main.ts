/**
 * The entrance: `main.js daemon-util …` and `main.js watchkeeper …`, as the sh
 * fronts call it. Nothing heavy is imported: every program, and each command of
 * it, is loaded when it is called.
 */
import { enter } from './entrance.js';

const EXIT_USAGE = 1;

const [program = '', ...argv] = process.argv.slice(2);

async function run(): Promise<number> {
  switch (program) {
    case 'daemon-util':
      return (await import('./daemon-util.js')).daemonUtil(argv);
    case 'watchkeeper':
      return (await import('./watchkeeper.js')).watchkeeper(argv);
    default:
      process.stderr.write('Usage: main.js daemon-util|watchkeeper COMMAND ...\n');
      return EXIT_USAGE;
  }
}

enter(program, argv, run);
