#!/usr/bin/env node
/** `npm run bench [-- NAME…] [OPTION…]`: run.mts, which is TypeScript. */
import { register } from 'tsx/esm/api';

register();
await import('./run.mts');
