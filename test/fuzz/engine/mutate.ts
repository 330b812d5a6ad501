/**
 * Makes a new input of one that is known: bits, numbers, blocks, pieces of another input, words of the format; for text
 * also lines, words and decimal numbers. Several changes at once, most often few.
 */
import type { Dice } from './dice.ts'

export interface MutationSource {
  readonly form: 'binary' | 'text'
  readonly maxBytes: number
  readonly words: readonly Uint8Array[]
  /** Another input, for splices. */
  readonly other: () => Uint8Array
}

type Change = (input: Buffer, dice: Dice, source: MutationSource) => Buffer

const MOST_CHANGES_LOG2 = 4
const LONGEST_BLOCK = 64

const NUMBERS_8 = [0, 1, 16, 32, 64, 100, 127, 128, 255]
const NUMBERS_16 = [0, 1, 255, 256, 498, 499, 509, 514, 1000, 1024, 4096, 32767, 32768, 65535]
const NUMBERS_32 = [0, 1, 65535, 65536, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff]
const DECIMALS = [
  '-1',
  '0',
  '00',
  '1',
  '2',
  '9',
  '255',
  '256',
  '65535',
  '65536',
  '2147483647',
  '2147483648',
  '4294967295',
  '4294967296',
  '9007199254740991',
  '9007199254740993',
  '18446744073709551616',
  '1e9',
  '0x10',
  '1.5',
  '٣',
] // prettier-ignore
const TEXT_BYTES = Buffer.from(' \t\r\n\0=:,;-_.[]{}()<>"\'\\/%&#@!$*+?^|~0aZé\x7f\xff', 'latin1')

function splice(input: Buffer, at: number, removed: number, inserted: Uint8Array): Buffer {
  return Buffer.concat([input.subarray(0, at), inserted, input.subarray(at + removed)])
}

function blockLength(dice: Dice, most: number): number {
  if (most <= 1) return most
  return 1 + dice.below(Math.min(most, dice.oneIn(8) ? most : LONGEST_BLOCK))
}

function place(input: Buffer, dice: Dice): number {
  return dice.below(input.length + 1)
}

/** A piece of some bytes; empty if they are. */
function piece(bytes: Uint8Array, dice: Dice): Uint8Array {
  if (bytes.length === 0) return bytes
  const length = blockLength(dice, bytes.length)
  const at = dice.below(bytes.length - length + 1)
  return bytes.subarray(at, at + length)
}

function changed(input: Buffer, at: number, bytes: Uint8Array): Buffer {
  const copy = Buffer.from(input)
  copy.set(bytes.subarray(0, Math.max(0, copy.length - at)), at)
  return copy
}

const flipBit: Change = (input, dice) => {
  if (input.length === 0) return input
  const at = dice.below(input.length)
  return changed(input, at, Buffer.of((input[at] ?? 0) ^ (1 << dice.below(8))))
}

const setByte: Change = (input, dice, { form }) => {
  if (input.length === 0) return input
  const value = form === 'text' && !dice.oneIn(4) ? dice.pick([...TEXT_BYTES]) : dice.below(256)
  return changed(input, dice.below(input.length), Buffer.of(value))
}

const addToNumber: Change = (input, dice) => {
  const size = dice.pick([1, 2, 4])
  if (input.length < size) return input
  const at = dice.below(input.length - size + 1)
  const copy = Buffer.from(input)
  const value = copy.readUIntBE(at, size) + dice.below(33) - 16
  copy.writeUIntBE((value + 2 ** (8 * size)) % 2 ** (8 * size), at, size)
  return copy
}

const setNumber: Change = (input, dice) => {
  const size = dice.pick([1, 2, 4])
  if (input.length < size) return input
  const value = dice.pick(size === 1 ? NUMBERS_8 : size === 2 ? NUMBERS_16 : NUMBERS_32)
  const copy = Buffer.from(input)
  const at = dice.below(input.length - size + 1)
  if (dice.oneIn(3)) copy.writeUIntLE(value, at, size)
  else copy.writeUIntBE(value, at, size)
  return copy
}

const deleteBlock: Change = (input, dice) => {
  if (input.length === 0) return input
  const length = blockLength(dice, input.length)
  return splice(input, dice.below(input.length - length + 1), length, Buffer.alloc(0))
}

const repeatBlock: Change = (input, dice) => {
  const block = piece(input, dice)
  const times = dice.oneIn(6) ? 2 + dice.below(30) : 1
  return splice(input, place(input, dice), 0, Buffer.concat(Array.from({ length: times }, () => block)))
}

const insertRandom: Change = (input, dice) => {
  const bytes = Uint8Array.from({ length: 1 + dice.below(12) }, () => dice.below(256))
  return splice(input, place(input, dice), 0, bytes)
}

const insertWord: Change = (input, dice, { words }) =>
  words.length === 0 ? input : splice(input, place(input, dice), 0, dice.pick(words))

const overwriteByWord: Change = (input, dice, { words }) =>
  words.length === 0 ? input : changed(input, place(input, dice), dice.pick(words))

const insertFromOther: Change = (input, dice, { other }) =>
  splice(input, place(input, dice), 0, piece(other(), dice))

const overwriteFromOther: Change = (input, dice, { other }) =>
  changed(input, place(input, dice), piece(other(), dice))

const cross: Change = (input, dice, { other }) => {
  const second = other()
  return Buffer.concat([
    input.subarray(0, place(input, dice)),
    second.subarray(dice.below(second.length + 1)),
  ])
}

const truncate: Change = (input, dice) => input.subarray(0, place(input, dice))

/** Where the unit that `at` is in begins and ends, its end mark included. */
function around(input: Buffer, at: number, isMark: (byte: number) => boolean): readonly [number, number] {
  let start = at
  while (start > 0 && !isMark(input[start - 1] ?? 0)) start--
  let end = at
  while (end < input.length && !isMark(input[end] ?? 0)) end++
  return [start, Math.min(input.length, end + 1)]
}

const isLineEnd = (byte: number): boolean => byte === 0x0a
const isSpace = (byte: number): boolean => byte === 0x0a || byte === 0x20 || byte === 0x09
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39

function lineOf(input: Buffer, dice: Dice): readonly [number, number] {
  return around(input, dice.below(Math.max(1, input.length)), isLineEnd)
}

const deleteLine: Change = (input, dice) => {
  const [start, end] = lineOf(input, dice)
  return splice(input, start, end - start, Buffer.alloc(0))
}

const copyLine: Change = (input, dice) => {
  const [start, end] = lineOf(input, dice)
  const [at] = lineOf(input, dice)
  return splice(input, at, 0, input.subarray(start, end))
}

const swapLines: Change = (input, dice) => {
  const [start, end] = lineOf(input, dice)
  const without = splice(input, start, end - start, Buffer.alloc(0))
  return splice(without, lineOf(without, dice)[0], 0, input.subarray(start, end))
}

const lineFromOther: Change = (input, dice, { other }) => {
  const source = Buffer.from(other())
  const [start, end] = lineOf(source, dice)
  return splice(input, lineOf(input, dice)[0], 0, source.subarray(start, end))
}

const replaceWord: Change = (input, dice, { words, other }) => {
  const [start, end] = around(input, dice.below(Math.max(1, input.length)), isSpace)
  const source = Buffer.from(other())
  const [from, to] = around(source, dice.below(Math.max(1, source.length)), isSpace)
  const word = words.length > 0 && dice.oneIn(2) ? dice.pick(words) : source.subarray(from, to - 1)
  return splice(input, start, Math.max(0, end - start - 1), word)
}

const replaceDecimal: Change = (input, dice) => {
  const from = dice.below(Math.max(1, input.length))
  const found = input.subarray(from).findIndex(isDigit)
  if (found < 0) return input
  let end = from + found
  while (end < input.length && isDigit(input[end] ?? 0)) end++
  return splice(input, from + found, end - from - found, Buffer.from(dice.pick(DECIMALS)))
}

const ON_BYTES: readonly Change[] = [
  flipBit,
  setByte,
  setByte,
  addToNumber,
  setNumber,
  deleteBlock,
  deleteBlock,
  repeatBlock,
  insertRandom,
  insertWord,
  overwriteByWord,
  insertFromOther,
  overwriteFromOther,
  cross,
  truncate,
] // prettier-ignore
const ON_TEXT: readonly Change[] = [
  flipBit,
  setByte,
  setByte,
  deleteBlock,
  deleteBlock,
  repeatBlock,
  insertWord,
  insertWord,
  overwriteByWord,
  insertFromOther,
  cross,
  truncate,
  deleteLine,
  copyLine,
  swapLines,
  lineFromOther,
  replaceWord,
  replaceWord,
  replaceDecimal,
] // prettier-ignore

export function mutate(input: Uint8Array, dice: Dice, source: MutationSource): Buffer {
  const changes = source.form === 'text' ? ON_TEXT : ON_BYTES
  let result: Buffer = Buffer.from(input)
  for (let left = 1 << dice.below(MOST_CHANGES_LOG2); left > 0; left--) {
    result = dice.pick(changes)(result, dice, source)
  }
  return result.length > source.maxBytes ? result.subarray(0, source.maxBytes) : result
}
