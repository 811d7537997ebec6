/** Which texts are safe to be used as what they claim to be. */

/** PATH_MAX of Linux, without its NUL. */
const MAX_PATH = 4095;

/** Absolute, and means the same to everybody who reads it: no `..`, nothing unprintable, no trailing `/`. */
export function isPlainPath(path: string): boolean {
  return (
    path.startsWith('/') &&
    path.length > 1 &&
    path.length <= MAX_PATH &&
    !path.endsWith('/') &&
    !/[\0-\x1f\x7f]|\p{Cs}/u.test(path) &&
    !path.split('/').includes('..')
  );
}

/** POSIX: what a shell and systemd take for the name of a variable. */
export function isVariableName(name: string): boolean {
  return name.length <= 128 && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

/** useradd(8), or a number. */
export function isUserName(name: string): boolean {
  return name.length <= 32 && /^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$/.test(name);
}

/** systemd.unit(5), of what can be started: no template; the suffix includes its dot. */
export function isUnitName(name: string, suffix: string): boolean {
  return name.length <= 255 && name.length > suffix.length && name.endsWith(suffix) && /^[A-Za-z0-9:_.\\][A-Za-z0-9:_.\\@-]*$/.test(name) && !isTemplateName(name, suffix);
}

/** It stands for many units. What follows the first `@` is the instance's name. */
export function isTemplateName(name: string, suffix: string): boolean {
  return name.indexOf('@') === name.length - suffix.length - 1 && name.endsWith(`@${suffix}`);
}
