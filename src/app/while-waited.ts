/** Waits for something as long as somebody waits for us. */

/** @returns undefined: nobody waits any more; the work goes on without us */
export async function whileWaited<T>(work: Promise<T>, gone: AbortSignal | undefined): Promise<T | undefined> {
  if (gone === undefined) return work;
  let leave: () => void = () => undefined;
  const left = new Promise<undefined>((resolve) => {
    leave = () => resolve(undefined);
    if (gone.aborted) leave();
    else gone.addEventListener('abort', leave, { once: true });
  });
  try {
    return await Promise.race([work, left]);
  } finally {
    gone.removeEventListener('abort', leave);
  }
}
