export const REPORT: string;
/** Of what was built into `root`/dist. */
export function apiReport(root?: string): Promise<string>;
