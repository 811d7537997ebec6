/** `--name=value` and `--name` of the command line. */
export const options: ReadonlyMap<string, string | undefined> = new Map(
  process.argv.slice(2).map((word): [string, string | undefined] => {
    const [name = '', ...values] = word.replace(/^--/, '').split('=');
    return [name, values.length === 0 ? undefined : values.join('=')];
  }),
);

/** Those of `all` that the option chooses; without it all of them. */
export function listed<T extends string>(name: string, all: readonly T[]): readonly T[] {
  const chosen = options.get(name)?.split(',');
  return chosen === undefined ? all : all.filter((one) => chosen.includes(one));
}
