import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader } from '../../../core/util/byte-reader.ts'
import { ByteWriter } from '../../../core/util/byte-writer.ts'
import {
  asBuffer,
  bytesKey,
  concatBytes,
  equalBytes,
  fromBase64,
  fromHex,
  isAllZero,
  toBase64Unpadded,
  toHex,
} from '../../../core/util/bytes.ts'
import { TorError } from '../../../core/util/errors.ts'

const malformed: unknown = expect.objectContaining({ kind: 'malformed' })
const anyBytes = fc.uint8Array({ maxLength: 80 })

describe('bytes as text', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(equalBytes(fromHex(toHex(bytes)), bytes)).toBe(true)
        expect(equalBytes(fromHex(toHex(bytes).toUpperCase(), bytes.length), bytes)).toBe(true)
        expect(equalBytes(fromBase64(toBase64Unpadded(bytes)), bytes)).toBe(true)
        expect(equalBytes(fromBase64(asBuffer(bytes).toString('base64'), bytes.length), bytes)).toBe(true)
        expect(toBase64Unpadded(bytes)).not.toContain('=')
      }),
    )
  })

  it('are bytes or the typed error, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const decode of [fromHex, fromBase64]) {
          try {
            decode(text)
          } catch (error) {
            expect(error).toBeInstanceOf(TorError)
          }
        }
      }),
    )
  })

  for (const text of ['0', 'zz', '0x00', ' 00', '00\n', 'é0']) {
    it(`refuse the hexadecimal ${JSON.stringify(text)}`, () => {
      expect(() => fromHex(text)).toThrow(malformed)
    })
  }

  for (const text of ['=', 'AA==BB', 'AAA*', 'AA AA', 'AAAA\n', 'AA-_', '====']) {
    it(`refuse the base64 ${JSON.stringify(text)}`, () => {
      expect(() => fromBase64(text, text === '=' || text === '====' ? 1 : undefined)).toThrow(malformed)
    })
  }

  it('must have the size that was asked for', () => {
    expect(() => fromHex('0011', 3)).toThrow(malformed)
    expect(() => fromBase64('AAAA', 2)).toThrow(malformed)
  })
})

describe('byte arrays', () => {
  it('are seen as Buffers of the same memory', () => {
    const bytes = new Uint8Array([1, 2, 3, 4]).subarray(1, 3)
    const view = asBuffer(bytes)
    view.writeUInt8(9, 0)
    expect([...bytes]).toEqual([9, 3])
    expect(asBuffer(view)).toBe(view)
  })

  it('are equal, and have equal keys, when their contents are', () => {
    fc.assert(
      fc.property(anyBytes, anyBytes, (a, b) => {
        const areEqual = Buffer.compare(a, b) === 0
        expect(equalBytes(a, b)).toBe(areEqual)
        expect(bytesKey(a) === bytesKey(b)).toBe(areEqual)
        expect(isAllZero(a)).toBe(a.every((byte) => byte === 0))
        expect([...concatBytes(a, b)]).toEqual([...a, ...b])
      }),
    )
  })
})

type Field =
  | { readonly kind: 'u8' | 'u16' | 'u32'; readonly value: number }
  | { readonly kind: 'u64'; readonly value: bigint }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }

const anyField: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ kind: fc.constant('u8' as const), value: fc.nat(0xff) }),
  fc.record({ kind: fc.constant('u16' as const), value: fc.nat(0xffff) }),
  fc.record({ kind: fc.constant('u32' as const), value: fc.nat(0xffff_ffff) }),
  fc.record({ kind: fc.constant('u64' as const), value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
  fc.record({ kind: fc.constant('bytes' as const), value: anyBytes }),
)

function write(writer: ByteWriter, field: Field): void {
  switch (field.kind) {
    case 'u8':
      writer.u8(field.value)
      return
    case 'u16':
      writer.u16(field.value)
      return
    case 'u32':
      writer.u32(field.value)
      return
    case 'u64':
      writer.u64(field.value)
      return
    case 'bytes':
      writer.bytes(field.value)
  }
}

function read(reader: ByteReader, field: Field): Field['value'] {
  switch (field.kind) {
    case 'u8':
      return reader.u8()
    case 'u16':
      return reader.u16()
    case 'u32':
      return reader.u32()
    case 'u64':
      return reader.u64()
    case 'bytes':
      return new Uint8Array(reader.take(field.value.length))
  }
}

describe('fields in bytes', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(anyField), (fields) => {
        const writer = new ByteWriter()
        for (const field of fields) write(writer, field)
        const reader = new ByteReader(writer.finish(), 'fields')
        for (const field of fields) expect(read(reader, field)).toEqual(field.value)
        reader.end()
      }),
    )
  })

  it('are the typed error where the bytes end', () => {
    fc.assert(
      fc.property(anyBytes, fc.array(anyField, { minLength: 1 }), (bytes, fields) => {
        const reader = new ByteReader(bytes, 'fields')
        try {
          for (const field of fields) read(reader, field)
        } catch (error) {
          expect(error).toMatchObject({ kind: 'malformed' })
        }
        expect(reader.remaining).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  it('may be views of the input, or copies', () => {
    const bytes = Buffer.from('abcdef')
    const reader = new ByteReader(bytes, 'fields')
    const view = reader.view(2)
    const copy = reader.take(2)
    bytes.fill('x')
    expect([view.toString(), copy.toString(), reader.rest().toString()]).toEqual(['xx', 'cd', 'xx'])
  })

  it('must be all there is, when that is asked', () => {
    const reader = new ByteReader(Buffer.alloc(3), 'fields')
    reader.u16()
    expect(() => reader.end()).toThrow(malformed)
    expect(() => reader.fail('something else')).toThrow(malformed)
  })

  for (const [size, value] of [
    [1, 256],
    [1, -1],
    [2, 65_536],
    [4, 2 ** 32],
    [4, 1.5],
    [2, Number.NaN],
  ] as const) {
    it(`of ${size} bytes do not hold ${value}`, () => {
      const writer = new ByteWriter()
      const put = { 1: () => writer.u8(value), 2: () => writer.u16(value), 4: () => writer.u32(value) }[size]
      expect(put).toThrow(expect.objectContaining({ kind: 'internal' }))
    })
  }

  it('hold text, one byte a character', () => {
    expect(new ByteWriter().text('aé').u8(0).finish()).toEqual(Buffer.of(0x61, 0xe9, 0))
  })
})
