import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DER_BIT_STRING, DER_INTEGER, DER_SEQUENCE, DerReader } from '../../../core/crypto/der.ts'
import { isTorError } from '../../../core/util/errors.ts'

const reader = (hex: string): DerReader => new DerReader(Buffer.from(hex, 'hex'), 'test')

test('elements are read in order, with or without their header, and nothing may follow the last', () => {
  const outer = reader('30080201050203010001')
  const inner = outer.readInside(DER_SEQUENCE)
  outer.end()
  expect(inner.peekTag()).toBe(DER_INTEGER)
  expect(inner.readWhole(DER_INTEGER).toString('hex')).toBe('020105')
  expect(inner.readUnsigned().toString('hex')).toBe('010001')
  expect(inner.peekTag()).toBe(undefined)
  inner.end()
})

test('lengths of one and two bytes are read', () => {
  expect(reader(`048180${'aa'.repeat(128)}`).read(4).length).toBe(128)
  expect(reader(`04820100${'aa'.repeat(256)}`).read(4).length).toBe(256)
})

test.each([
  ['a wrong tag', '0401ff'],
  ['nothing', ''],
  ['no length', '02'],
  ['an indefinite length', '02800000'],
  ['a length that is not minimal', '02810105'],
  ['a two-byte length that is not minimal', `028200ff${'01'.repeat(255)}`],
  ['a three-byte length', '0283010000'],
  ['content past the end', '020501'],
  ['a negative number', '020180'],
  ['an empty number', '0200'],
  ['a number with a needless zero', '02020001'],
])('%s is malformed as an INTEGER', (_name, hex) => {
  try {
    reader(hex).readUnsigned()
    expect.unreachable()
  } catch (error) {
    expect(isTorError(error, 'malformed')).toBe(true)
  }
})

test('zero and numbers that need their leading zero are read', () => {
  expect(reader('020100').readUnsigned().length).toBe(0)
  expect(reader('02020080').readUnsigned().toString('hex')).toBe('80')
})

test('a bit string with unused bits, and bytes after the end, are malformed', () => {
  expect(reader('03020055').readBitString().toString('hex')).toBe('55')
  expect(() => reader('03020155').readBitString()).toThrow('BIT STRING')
  expect(() => reader('0300').readBitString()).toThrow('BIT STRING')
  expect(() => reader('00').end()).toThrow('no more')
})

test('arbitrary bytes give elements or the typed error', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(DER_SEQUENCE, DER_INTEGER, DER_BIT_STRING),
      (bytes, tag) => {
        try {
          new DerReader(bytes, 'test').read(tag)
        } catch (error) {
          expect(isTorError(error, 'malformed')).toBe(true)
        }
      },
    ),
  )
})
