/** The clock of the observations, which all processes of a kernel share. */

/** CLOCK_MONOTONIC, ms. */
export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
