/** Inputs as bytes: real samples that went wrong on the way, and rubbish. */
import fc from 'fast-check';

type Bytes = Uint8Array;
type Mutation = (bytes: Buffer, others: readonly Buffer[]) => Buffer;

/** What parsers have stumbled over before. */
export const NASTY: readonly Buffer[] = [
  '', '\0', '\n', '\r\n', '\r', ' ', '\t', '\x1b[2J', '\x7f', '\u2028', '\u00e9', '\ufeff', '\u202e', '\ud83d\ude00',
  '-1', '0', '1e999', 'NaN', '-0', '0x10', '4294967296', '9007199254740993', '99999999999999999999999', '1'.repeat(400),
  '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null', 'true', '[]', '{}', '"', "'", '`', '\\', '$(touch struck)', '`touch struck`', ';touch struck;', '%s%n', '../../../etc/passwd', '/dev/zero',
  '*', '?', '[', '{', '(', ') ', '<', '&', '|', '#', '!', '-', '--', '=', ':', ',', '~',
].map((text) => Buffer.from(text)).concat([[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xfe, 0xff], [0x80]].map((bytes) => Buffer.from(bytes)));

const fraction = fc.nat(1_000_000).map((nat) => nat / 1_000_001);
const nasty = fc.constantFrom(...NASTY);

function at(bytes: Buffer, place: number): number {
  return Math.floor(place * (bytes.length + 1));
}

function replaced(bytes: Buffer, from: number, to: number, by: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(Math.max(from, to))]);
}

/** One step away from a sample. @param most bytes of the result */
function mutation(most: number): fc.Arbitrary<Mutation> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fraction, fc.nat(7)).map(([place, bit]): Mutation => (bytes) => {
      if (bytes.length === 0) return bytes;
      const copy = Buffer.from(bytes);
      const index = Math.floor(place * bytes.length);
      copy[index] = (copy[index] ?? 0) ^ (1 << bit);
      return copy;
    }) },
    { weight: 2, arbitrary: fraction.map((place): Mutation => (bytes) => bytes.subarray(0, at(bytes, place))) },
    { weight: 5, arbitrary: fc.tuple(fraction, nasty).map(([place, by]): Mutation => (bytes) => replaced(bytes, at(bytes, place), at(bytes, place), by)) },
    { weight: 4, arbitrary: fc.tuple(fraction, fc.nat(12), nasty).map(([place, length, by]): Mutation => (bytes) => replaced(bytes, at(bytes, place), at(bytes, place) + length, by)) },
    // A word becomes another one, as where two records are mixed up.
    { weight: 4, arbitrary: fc.tuple(fc.nat(200), nasty).map(([index, by]): Mutation => (bytes) => word(bytes, index, by)) },
    { weight: 2, arbitrary: fc.tuple(fc.nat(), fraction, fraction).map(([which, here, there]): Mutation => (bytes, others) => {
      const other = others[which % Math.max(1, others.length)] ?? bytes;
      return Buffer.concat([bytes.subarray(0, at(bytes, here)), other.subarray(at(other, there))]);
    }) },
    { weight: 2, arbitrary: fc.tuple(fraction, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 2, max: 20_000 })).map(([place, length, times]): Mutation => (bytes) => {
      const from = at(bytes, place);
      const piece = bytes.subarray(from, from + length);
      return replaced(bytes, from, from, Buffer.concat(Array.from({ length: piece.length === 0 ? 0 : Math.min(times, Math.floor(most / piece.length)) }, () => piece)));
    }) },
    { weight: 1, arbitrary: fc.tuple(fraction, nasty, fc.integer({ min: 2, max: 20_000 })).map(([place, piece, times]): Mutation => (bytes) =>
      replaced(bytes, at(bytes, place), at(bytes, place), Buffer.concat(Array.from({ length: piece.length === 0 ? 0 : Math.min(times, Math.floor(most / piece.length)) }, () => piece)))) },
    { weight: 1, arbitrary: fc.constant<Mutation>((bytes) => Buffer.from(bytes.toString('latin1').replaceAll('\n', '\r\n'), 'latin1')) },
    { weight: 1, arbitrary: fc.constant<Mutation>((bytes) => Buffer.from(bytes.toString('latin1').split('\n').reverse().join('\n'), 'latin1')) },
  );
}

function word(bytes: Buffer, index: number, by: Uint8Array): Buffer {
  const words = [...bytes.toString('latin1').matchAll(/[\w.-]+/g)];
  const found = words[index % Math.max(1, words.length)];
  return found === undefined ? bytes : replaced(bytes, found.index, found.index + found[0].length, by);
}

/** Samples with some mutations, or none. */
export function mutated(samples: fc.Arbitrary<string | Bytes> | readonly (string | Bytes)[], most = 64 * 1024): fc.Arbitrary<Uint8Array> {
  const sample: fc.Arbitrary<string | Bytes> = Array.isArray(samples) ? fc.constantFrom(...(samples as readonly (string | Bytes)[])) : (samples as fc.Arbitrary<string | Bytes>);
  const others = Array.isArray(samples) ? (samples as readonly (string | Bytes)[]).map((one) => Buffer.from(one as string)) : [];
  return fc.tuple(sample, fc.array(mutation(most), { maxLength: 6 })).map(([begin, steps]) => steps.reduce<Buffer>((bytes, step) => step(bytes, others).subarray(0, most), Buffer.from(begin as string)));
}

/** Bytes of most inputs: huge ones take most of the time and find little. */
const USUAL = 8 * 1024;

export function rubbish(most = 2000): fc.Arbitrary<Uint8Array> {
  return fc.oneof(fc.uint8Array({ maxLength: most }), fc.array(nasty, { maxLength: 60 }).map((pieces) => Buffer.concat(pieces)), fc.string({ unit: 'grapheme', maxLength: 200 }).map((text) => Buffer.from(text)));
}

/** Mostly samples, sometimes huge, sometimes rubbish. */
export function hostile(samples: fc.Arbitrary<string | Bytes> | readonly (string | Bytes)[], most = 64 * 1024): fc.Arbitrary<Uint8Array> {
  return fc.oneof({ weight: 16, arbitrary: mutated(samples, Math.min(most, USUAL)) }, { weight: 1, arbitrary: mutated(samples, most) }, { weight: 2, arbitrary: rubbish() });
}

/** `open` very often, and sometimes closed again. */
export function nested(pairs: readonly (readonly [string, string])[], most = 30_000): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...pairs), fc.integer({ min: 1, max: most }), fc.boolean()).map(([[open, close], depth, closed]) => open.repeat(depth) + (closed ? close.repeat(depth) : ''));
}

/** Words that a value may be, and those that it may not. */
export const anyWord: fc.Arbitrary<string> = fc.oneof(nasty.map((bytes) => bytes.toString('latin1')), fc.string({ maxLength: 12 }), fc.integer().map(String), fc.double().map(String));
