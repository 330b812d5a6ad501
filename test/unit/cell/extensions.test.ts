import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeExtensions, encodeExtensions, ExtensionType } from '../../../core/cell/extensions.ts'
import { isTorError } from '../../../core/util/errors.ts'
import live from '../../vectors/cgo_live_circuit_tor_0_4_9_11.json' with { type: 'json' }

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

describe('handshake extensions', () => {
  it('the request that a C tor relay accepted reads and writes the same bytes', () => {
    const extensions = [
      { type: ExtensionType.CC_REQUEST, body: Buffer.alloc(0) },
      { type: ExtensionType.SUBPROTOCOL_REQUEST, body: Buffer.of(2, 6) },
    ]
    expect(decodeExtensions(hex(live.client_extensions))).toEqual(extensions)
    expect(encodeExtensions(extensions).toString('hex')).toBe(live.client_extensions)
    expect(encodeExtensions([...extensions].reverse()).toString('hex')).toBe(live.client_extensions)
  })

  it('the answer of a C tor relay reads and writes the same bytes', () => {
    const extensions = [{ type: ExtensionType.CC_RESPONSE, body: Buffer.of(31) }]
    expect(decodeExtensions(hex(live.server_extensions))).toEqual(extensions)
    expect(encodeExtensions(extensions).toString('hex')).toBe(live.server_extensions)
  })

  it('asking for nothing is one zero byte', () => {
    expect(encodeExtensions([]).toString('hex')).toBe('00')
    expect(decodeExtensions(hex('00'))).toEqual([])
  })

  it.each([
    ['a type that occurs twice', '0201000100'],
    ['types in descending order', '0203000100'],
    ['a list that ends early', '020100'],
    ['a body that ends early', '01010500'],
    ['bytes after the list', '0000'],
    ['no count', ''],
  ])('%s is refused', (_name, bytes) => {
    expect(() => decodeExtensions(hex(bytes))).toThrow(expect.objectContaining({ kind: 'malformed' }))
  })

  it('a list of ours with a type twice is a bug that is said', () => {
    const twice = [1, 1].map((type) => ({ type, body: Buffer.alloc(0) }))
    expect(() => encodeExtensions(twice)).toThrow(expect.objectContaining({ kind: 'internal' }))
  })

  it('arbitrary bytes give a list that writes back as it came, or the typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          expect(encodeExtensions(decodeExtensions(bytes))).toEqual(Buffer.from(bytes))
        } catch (error) {
          expect(isTorError(error, 'malformed')).toBe(true)
        }
      }),
    )
  })
})
