/**
 * ms that the time of a file may lag behind the clock: the kernel stamps files
 * once a tick, and later where a virtual machine's CPU that counts the ticks was
 * kept waiting. Who takes a file for older than a look subtracts that much.
 */
export const FILE_TIME_LAG = 100;
