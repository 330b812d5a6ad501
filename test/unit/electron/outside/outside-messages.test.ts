/** What main takes from a core host about HTTPS and WebRTC, and what it does not. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_REQUEST_BYTES } from '../../../../electron/outside/limits.ts'
import { parseHostRequest, parseOutsideAnswer } from '../../../../electron/outside/outside-messages.ts'
import { parseFromPage } from '../../../../electron/outside/page-messages.ts'
import { parseFromPeer, parseToPeer } from '../../../../electron/outside/peer-messages.ts'
import { webJob } from './samples.ts'

const web = (job: unknown): unknown => ({ kind: 'web', id: 1, job })
const peer = (iceServers: readonly unknown[]): unknown => ({
  kind: 'peer',
  id: 1,
  iceServers,
  label: 'x',
  keepsLocalCandidates: false,
})

describe('a request of the core host', () => {
  it('is taken when it has its form', () => {
    expect(parseHostRequest(web(webJob()))).toEqual(web(webJob()))
    expect(parseHostRequest(peer(['stun:192.0.2.1:3478', 'stun:[2001:db8::1]:19302']))).toBeDefined()
    expect(parseHostRequest({ kind: 'cancel', id: 4 })).toEqual({ kind: 'cancel', id: 4 })
  })

  it.each([
    'http://front.example/',
    'https://user:word@front.example/',
    'https://front.example/#fragment',
    'https://front.example/#',
    'https://FRONT.example/',
    'file:///etc/passwd',
    'app://allium/index.html',
    'https://front.example',
    '',
  ])('is not taken with the address %j', (url) => {
    expect(parseHostRequest(web(webJob({ url })))).toBeUndefined()
  })

  it.each([
    'Host',
    'cookie',
    'Content-Length',
    'Proxy-Authorization',
    'Sec-Fetch-Mode',
    'Origin',
    'Transfer-Encoding',
    'a b',
    '',
    'x\r\ny',
  ])('sets no header %j', (name) => {
    expect(parseHostRequest(web(webJob({ headers: [[name, 'x']] })))).toBeUndefined()
  })

  it('has no header that begins another, and no host that is none', () => {
    expect(parseHostRequest(web(webJob({ headers: [['X-A', 'b\r\nX-C: d']] })))).toBeUndefined()
    expect(parseHostRequest(web(webJob({ host: 'a.example\r\nX: y' })))).toBeUndefined()
  })

  it('is no longer than it may be', () => {
    expect(parseHostRequest(web(webJob({ body: new Uint8Array(MAX_REQUEST_BYTES) })))).toBeDefined()
    expect(parseHostRequest(web(webJob({ body: new Uint8Array(MAX_REQUEST_BYTES + 1) })))).toBeUndefined()
    expect(parseHostRequest(web(webJob({ maxResponseBytes: 2 ** 40 })))).toBeUndefined()
  })

  it.each([
    'stun:stun.example:3478',
    'stun:192.0.2.1:0',
    'stun:192.0.2.1:65536',
    'stun:192.0.2.1',
    'turn:192.0.2.1:3478',
    'stuns:192.0.2.1:3478',
    'stun:192.0.2.1:3478?transport=tcp',
    7,
  ])('names no STUN server %j, whose name Chromium would look up or which is more than STUN', (server) => {
    expect(parseHostRequest(peer([server]))).toBeUndefined()
  })

  it('never throws, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), (message) => {
        parseHostRequest(message)
        parseOutsideAnswer(message)
        parseFromPage(message)
        parseFromPeer(message)
        parseToPeer(message)
      }),
      { numRuns: 300 },
    )
  })
})

describe('a peer', () => {
  it('ends for a reason of the list alone, so that no stranger writes into the log', () => {
    expect(parseFromPeer({ kind: 'ended', why: 'lost' })).toBeDefined()
    expect(parseFromPeer({ kind: 'ended', why: 'constructor' })).toBeUndefined()
    expect(parseFromPeer({ kind: 'ended', why: 'call 192.0.2.1' })).toBeUndefined()
  })
})
