import { describe, expect, it } from 'vitest'
import { directTransport } from '../../../core/transport/direct.ts'

describe('the direct transport', () => {
  for (const host of ['192.0.2.1', '2001:db8::1', '127.0.0.1']) {
    it(`dials ${host} by TCP`, () => {
      expect(directTransport.carrierFor({ host, port: 443 })).toEqual({ kind: 'tcp', host, port: 443 })
    })
  }

  for (const host of ['relay.example', 'localhost', '', '192.0.2', '[2001:db8::1]']) {
    it(`never dials the name ${JSON.stringify(host)}, which would be looked up`, () => {
      expect(() => directTransport.carrierFor({ host, port: 443 })).toThrow(
        expect.objectContaining({ kind: 'internal' }),
      )
    })
  }
})
