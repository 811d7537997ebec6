/** Types of /usr/lib/watchkeeper/index.mjs, where scripts/install puts both. */
export * from './types/lib/watchkeeper.js';
