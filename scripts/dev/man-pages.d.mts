export function buildManPages(root?: string, scdoc?: string): string | undefined;
