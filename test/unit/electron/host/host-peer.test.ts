/** The core's half of a WebRTC connection, with a page that is played by hand. */
import { describe, expect, it } from 'vitest'
import type { PeerSink } from '../../../../core/index.ts'
import { HostPeer } from '../../../../electron/host/host-peer.ts'
import { MAX_UNSENT_BYTES, TAKEN_STEP_BYTES } from '../../../../electron/outside/limits.ts'
import type { FromPeer } from '../../../../electron/outside/peer-messages.ts'
import { arrived, portPair } from '../outside/port-pair.ts'

const NEVER = new AbortController().signal

function setUp(signal = NEVER) {
  const [host, page] = portPair()
  const ended: string[] = []
  const offering = HostPeer.offer(host, signal, () => ended.push('ended'))
  const say = async (message: FromPeer): Promise<void> => {
    page.say(message)
    await arrived()
  }
  return { host, page, ended, offering, say }
}

function recordingSink(): PeerSink & { readonly told: string[] } {
  const told: string[] = []
  return {
    told,
    onMessage: (message) => told.push(message.toString()),
    onDrain: () => told.push('drain'),
    onClose: (reason) => told.push(`close: ${reason}`),
  }
}

async function openPeer() {
  const rig = setUp()
  await rig.say({ kind: 'offer', sdp: 'our offer' })
  const offer = await rig.offering
  const sink = recordingSink()
  const accepting = offer.accept('their answer', sink, NEVER)
  await rig.say({ kind: 'open' })
  return { ...rig, offer, sink, channel: await accepting }
}

describe('an offer', () => {
  it('is the page’s, and the answer goes back to it', async () => {
    const { offer, page } = await openPeer()
    expect(offer.sdp).toBe('our offer')
    expect(page.heard).toEqual([{ kind: 'answer', sdp: 'their answer' }])
  })

  it('fails in words when the page cannot make one', async () => {
    const { offering, say, ended } = setUp()
    const failing = expect(offering).rejects.toMatchObject({
      kind: 'channel-failed',
      message: 'WebRTC could not make an offer',
    })
    await say({ kind: 'ended', why: 'no-offer' })
    await failing
    expect(ended).toEqual(['ended'])
  })

  it('ends with its signal, and the page is told', async () => {
    const stop = new AbortController()
    const { offering, page, ended } = setUp(stop.signal)
    stop.abort()
    await expect(offering).rejects.toMatchObject({ kind: 'aborted' })
    await arrived()
    expect(page.heard).toEqual([{ kind: 'close' }])
    expect(ended).toEqual(['ended'])
  })

  it('whose peer cannot be reached is not accepted, and the sink is told nothing', async () => {
    const { offering, say } = setUp()
    await say({ kind: 'offer', sdp: 'x' })
    const sink = recordingSink()
    const accepting = (await offering).accept('y', sink, NEVER)
    const failing = expect(accepting).rejects.toMatchObject({
      kind: 'channel-failed',
      message: 'the peer could not be reached',
    })
    await say({ kind: 'ended', why: 'not-connected' })
    await failing
    expect(sink.told).toEqual([])
  })

  it('is over when the window is', async () => {
    const { offering, page } = setUp()
    const failing = expect(offering).rejects.toMatchObject({ kind: 'channel-failed' })
    page.close()
    await failing
  })
})

describe('a channel', () => {
  it('carries messages both ways, as they are', async () => {
    const { channel, sink, page, say } = await openPeer()
    channel.send(Buffer.from('to the peer'))
    await say(new Uint8Array(Buffer.from('from the peer')))
    expect(page.heard.at(-1)).toEqual(new Uint8Array(Buffer.from('to the peer')))
    expect(sink.told).toEqual(['from the peer'])
  })

  it('gives the page the bytes of the message and nothing of the memory around it', async () => {
    const { channel, page } = await openPeer()
    channel.send(Buffer.from('secret message secret').subarray(7, 14))
    await arrived()
    const heard = page.heard.at(-1)
    expect(heard instanceof Uint8Array ? heard.buffer.byteLength : undefined).toBe(7)
  })

  it('says when enough waits, and when there is room again', async () => {
    const { channel, sink, say } = await openPeer()
    const message = Buffer.alloc(16_384)
    expect([1, 2, 3, 4].map(() => channel.send(message))).toEqual([true, true, true, false])
    await say({ kind: 'taken', bytes: 16_384 })
    expect(sink.told).toEqual([])
    await say({ kind: 'taken', bytes: 16_384 })
    expect(sink.told).toEqual(['drain'])
    expect(channel.send(message)).toBe(true)
  })

  it('ends when more is sent than may ever wait', async () => {
    const { channel, sink, ended } = await openPeer()
    const message = Buffer.alloc(16_384)
    for (let sent = 0; sent <= MAX_UNSENT_BYTES; sent += message.length) channel.send(message)
    expect(sink.told).toEqual(['close: more was sent to the peer than may wait'])
    expect(ended).toEqual(['ended'])
  })

  it('tells the page what it has taken, so that a flood is seen there', async () => {
    const { page, say } = await openPeer()
    await say(new Uint8Array(TAKEN_STEP_BYTES - 1))
    expect(page.heard).toHaveLength(1)
    await say(new Uint8Array(1))
    expect(page.heard.at(-1)).toEqual({ kind: 'taken', bytes: TAKEN_STEP_BYTES })
  })

  it('tells its sink once when the peer ends it, and nothing after', async () => {
    const { channel, sink, page, say, ended } = await openPeer()
    page.say({ kind: 'ended', why: 'closed-by-peer' })
    page.say(new Uint8Array(3))
    page.say({ kind: 'ended', why: 'lost' })
    await say({ kind: 'open' })
    page.close()
    await arrived()
    channel.close()
    expect(channel.send(Buffer.from('x'))).toBe(true)
    expect(sink.told).toEqual(['close: the peer closed the data channel'])
    expect(ended).toEqual(['ended'])
  })

  it('tells its sink nothing when we close it, and lets what waits leave first', async () => {
    const { channel, sink, page, ended } = await openPeer()
    channel.send(Buffer.from('last'))
    channel.close()
    channel.close()
    await arrived()
    expect(page.heard.slice(1)).toEqual([new Uint8Array(Buffer.from('last')), { kind: 'close' }])
    expect(sink.told).toEqual([])
    expect(ended).toEqual(['ended'])
  })

  it('is over, in words, when the page says what no page of ours says', async () => {
    const { page, sink } = await openPeer()
    page.say({ kind: 'ended', why: 'call 192.0.2.1 now' })
    await arrived()
    expect(sink.told).toEqual(['close: the window for WebRTC is not to be trusted'])
  })
})
