/** A bridge's own descriptor: taken from the bridge that proved to be it, and from nobody else. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fetchBridgeDescriptor, isOfOurTime } from '../../../core/directory/bridge-fetch.ts'
import type { RelayIds } from '../../../core/linkspec/relay-ids.ts'
import {
  MAX_DESCRIPTOR_BYTES,
  parseServerDescriptor,
  type ServerDescriptor,
} from '../../../core/netdoc/server-descriptor.ts'
import { writeDescriptor } from '../../network/descriptor-writer.ts'
import { signingKeyCert } from '../../network/relay-identity.ts'
import { FakeBridges, identityAt, lineAt, NOW_MS } from './support/fake-bridges.ts'
import { deflated, type FakeAnswer, httpReply } from './support/fake-directory.ts'

const DAY_MS = 86_400_000
let bridges: FakeBridges
let learned: RelayIds[]

beforeEach(() => {
  bridges = new FakeBridges()
  learned = []
})

afterEach(() => {
  expect([bridges.network.openConnections, bridges.network.openStreams]).toEqual([0, 0])
  expect(bridges.clock.liveTimers()).toBe(0)
})

function fetch(held?: ServerDescriptor, hasFingerprint = true): Promise<ServerDescriptor> {
  const line = lineAt(0, hasFingerprint)
  const known = { line, rsa: line.fingerprint, descriptor: held }
  const { connector, clock } = bridges
  const parts = { connector, clock, onPhase: () => {}, onIdentity: (ids: RelayIds) => learned.push(ids) }
  return fetchBridgeDescriptor(known, parts, new AbortController().signal)
}

function answer(bytes: FakeAnswer): void {
  bridges.answer(0, () => bytes)
}

test('a bridge sends its descriptor, and says who it is before', async () => {
  const descriptor = await fetch()
  expect(descriptor).toMatchObject({ rsa: identityAt(0).rsa, nickname: 'bridge' })
  expect(learned).toMatchObject([{ rsa: identityAt(0).rsa, ed25519: identityAt(0).ed25519 }])
  expect(bridges.network.requests).toEqual(['10.0.0.1:443 /tor/server/authority.z'])
})

test('a bridge whose line has no fingerprint is known by what it proved', async () => {
  await fetch(undefined, false)
  expect(learned).toMatchObject([{ rsa: identityAt(0).rsa }])
})

describe('a bridge that is not to be believed', () => {
  test('because it sends the descriptor of another relay', async () => {
    bridges.serve(0, bridges.descriptorOf(1))
    await expect(fetch()).rejects.toMatchObject({ kind: 'wrong-identity' })
    await expect(fetch(undefined, false)).rejects.toThrow('the descriptor of another relay')
  })

  test('because its descriptor has another ed25519 identity than its channel', async () => {
    bridges.impostors.set('10.0.0.1:443', { rsa: identityAt(0).rsa, ed25519: identityAt(1).ed25519 })
    await expect(fetch()).rejects.toMatchObject({ kind: 'wrong-identity' })
  })

  test('because a signature in it is wrong', async () => {
    bridges.serve(0, writeDescriptor(identityAt(0), NOW_MS, { rsaSigner: identityAt(1).rsaKey }))
    await expect(fetch()).rejects.toMatchObject({ kind: 'bad-directory' })
  })

  test('because it plays an older descriptor than it sent before', async () => {
    const held = parseServerDescriptor(bridges.descriptorOf(0, 1_000))
    bridges.serve(0, bridges.descriptorOf(0, 3_600_000))
    await expect(fetch(held)).rejects.toThrow('older than the one')
    bridges.serve(0, held.text)
    expect((await fetch(held)).text).toBe(held.text)
  })

  test.each([
    ['of long ago', 8 * DAY_MS],
    ['of the future', -2 * DAY_MS],
  ])('because its descriptor is %s, or our clock is wrong', async (_, ageMs) => {
    bridges.serve(0, bridges.descriptorOf(0, ageMs))
    await expect(fetch()).rejects.toThrow(/not of our time, or this computer's clock is wrong/)
    expect(isOfOurTime(parseServerDescriptor(bridges.descriptorOf(0, ageMs)), NOW_MS)).toBe(false)
  })

  test('because a certificate in it has expired', async () => {
    const certificate = signingKeyCert(identityAt(0), NOW_MS, { expiresMs: NOW_MS - DAY_MS })
    bridges.serve(0, writeDescriptor(identityAt(0), NOW_MS, { certificate }))
    await expect(fetch()).rejects.toThrow('has expired')
  })
})

describe('an answer that is none', () => {
  test.each<[string, FakeAnswer, string]>([
    ['is the page of a censor', httpReply(200, '<html>This page is blocked.</html>\n'), 'malformed'],
    ['is a redirection', httpReply(302, '', ['Location: http://censor.example/']), 'directory-refused'],
    ['is not found', httpReply(404), 'directory-refused'],
    ['is no HTTP', Buffer.from('SSH-2.0-OpenSSH_9\r\n\r\n'), 'malformed'],
    ['is empty', deflated(''), 'malformed'],
    ['is longer than any descriptor', httpReply(200, Buffer.alloc(MAX_DESCRIPTOR_BYTES + 1, 97)), 'limit'],
    [
      'announces more than any descriptor has',
      httpReply(200, '', [`Content-Length: ${MAX_DESCRIPTOR_BYTES + 1}`]),
      'limit',
    ],
    ['unpacks to more than any descriptor has', deflated(Buffer.alloc(1_000_000, 97)), 'malformed'],
    ['breaks off', 'reset', 'circuit-failed'],
  ])('%s', async (_, bytes, kind) => {
    answer(bytes)
    await expect(fetch()).rejects.toMatchObject({ kind })
  })
})
