/** Starts a container, says its name, and holds it until it is told to end: for the test of the harness itself. */
import { startContainer } from './container.js';
import { daemonsRecipe } from './recipe.js';

const container = await startContainer({ recipe: daemonsRecipe('bookworm'), init: 'none' });
process.stdout.write(`${container.name}\n`);
setInterval(() => undefined, 60_000);
if (process.argv[2] === 'throw') setTimeout(() => {
  throw new Error('of the test');
}, 1);
