/**
 * WebRTC for transports by the real Chromium, between a core host and a peer that another implementation plays: what is
 * told to the peer, whole transfers both ways, and that there is no UDP where there must be none.
 */
import { createSocket, type Socket } from 'node:dgram'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { RTCPeerConnection, type RTCDataChannel } from 'werift'
import { waitFor } from '../interop/support/waiting.ts'
import { createHome } from './support/app-home.ts'
import { launchRig, type RunningRig } from './support/outside-rig/launch-rig.ts'
import { internetSockets, processTree } from './support/process-tree.ts'

const ECHO_BYTES = 4_000_000

const home = createHome()
const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

afterAll(() => home.remove())

/** Answers the offer; what comes is sent back. */
async function answerOffer(sdp: string, onChannel: (channel: RTCDataChannel) => void): Promise<string> {
  const peer = new RTCPeerConnection({
    iceServers: [],
    iceAdditionalHostAddresses: ['127.0.0.1'],
    iceUseIpv6: false,
  })
  cleanUps.push(() => peer.close())
  peer.onDataChannel.subscribe(onChannel)
  await peer.setRemoteDescription({ type: 'offer', sdp })
  await peer.setLocalDescription(await peer.createAnswer())
  return peer.localDescription?.sdp ?? ''
}

const echo = (channel: RTCDataChannel): void => {
  channel.onMessage.subscribe((message) => channel.send(message))
}

async function startStun(): Promise<{ readonly port: number; readonly asked: string[] }> {
  const asked: string[] = []
  const socket: Socket = createSocket('udp4', (message, { address, port }) => {
    asked.push(address)
    socket.send(bindingAnswer(message, address, port), port, address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  cleanUps.push(() => void socket.close())
  return { port: socket.address().port, asked }
}

/** RFC 8489: a Binding success response with the XOR-MAPPED-ADDRESS of who asked. */
function bindingAnswer(request: Buffer, address: string, port: number): Buffer {
  const attribute = Buffer.alloc(12)
  attribute.writeUInt16BE(0x0020, 0)
  attribute.writeUInt16BE(8, 2)
  attribute.writeUInt16BE(1, 4)
  attribute.writeUInt16BE(port ^ 0x2112, 6)
  attribute.writeUInt32BE((Buffer.from(address.split('.').map(Number)).readUInt32BE() ^ 0x2112a442) >>> 0, 8)
  const header = Buffer.from(request.subarray(0, 20))
  header.writeUInt16BE(0x0101, 0)
  header.writeUInt16BE(attribute.length, 2)
  return Buffer.concat([header, attribute])
}

const udpOf = (pid: number) =>
  internetSockets(processTree(pid)).filter(({ table }) => table.startsWith('udp'))

describe('with peers in this machine', () => {
  let rig: RunningRig
  let hostPid = 0

  beforeAll(async () => {
    rig = await launchRig(home, { isOwnNetwork: true })
    hostPid = await rig.startHost()
  })
  afterAll(() => rig.close())

  const offer = async (): Promise<string> =>
    String((await rig.ask({ kind: 'offer', iceServers: [], keepsLocalCandidates: true }))['sdp'])

  it('a channel opens, carries megabytes both ways unchanged, and closes', async () => {
    const labels: string[] = []
    const answer = await answerOffer(await offer(), (channel) => {
      labels.push(channel.label)
      echo(channel)
    })
    expect(await rig.ask({ kind: 'accept', sdp: answer })).toEqual({ open: true })
    expect(labels).toEqual(['a label'])
    expect(await rig.ask({ kind: 'echo', bytes: ECHO_BYTES })).toEqual({ same: true, ends: [] })
    expect(await rig.ask({ kind: 'close' })).toEqual({ ends: [] })
    await waitFor('its UDP to end', 10_000, () => (udpOf(rig.pid).length === 0 ? true : undefined))
  })

  it('an answer that is none is refused in words', async () => {
    await offer()
    expect(await rig.ask({ kind: 'accept', sdp: 'v=0\r\nnonsense' })).toMatchObject({
      kind: 'channel-failed',
      detail: 'the answer is not one to the offer',
    })
  })

  it('a peer that sends text, which no proxy does, is left', async () => {
    const answer = await answerOffer(await offer(), (channel) => channel.send('hello'))
    await rig.ask({ kind: 'accept', sdp: answer })
    await waitFor('the end', 10_000, async () => {
      const { ends } = await rig.ask({ kind: 'close' })
      return Array.isArray(ends) && ends.includes('the peer sent text') ? true : undefined
    })
  })

  it('a crash of the page is said, and the next peer has another one', async () => {
    const first = await answerOffer(await offer(), echo)
    await rig.ask({ kind: 'accept', sdp: first })
    await rig.crashPages()
    await waitFor('another page', 20_000, async () => {
      const answer = await answerOffer(await offer(), echo)
      const { open } = await rig.ask({ kind: 'accept', sdp: answer })
      return open === true ? true : undefined
    })
    expect(await rig.ask({ kind: 'echo', bytes: 10_000 })).toMatchObject({ same: true })
    expect(await rig.reports()).toContain('a window for transports ended: crashed')
  })

  it('all of it ends, with its UDP, when an upstream proxy is set, and none begins', async () => {
    const answer = await answerOffer(await offer(), echo)
    expect(await rig.ask({ kind: 'accept', sdp: answer })).toEqual({ open: true })
    expect(udpOf(rig.pid).length).toBeGreaterThan(0)
    await rig.setUdp(false)
    await waitFor('its UDP to end', 10_000, () => (udpOf(rig.pid).length === 0 ? true : undefined))
    expect(await rig.pages()).toEqual([])
    const refused = await rig.ask({ kind: 'offer', iceServers: [], keepsLocalCandidates: true })
    expect(refused).toMatchObject({ detail: 'WebRTC would go past the upstream proxy' })
    expect(await rig.pages()).toEqual([])
    await rig.setUdp(true)
  })

  it('ends with the core host, which was killed', async () => {
    const answer = await answerOffer(await offer(), echo)
    expect(await rig.ask({ kind: 'accept', sdp: answer })).toEqual({ open: true })
    await rig.killHost()
    await waitFor('its UDP to end', 10_000, () => (udpOf(rig.pid).length === 0 ? true : undefined))
    expect(await rig.pages()).toEqual([])
    hostPid = await rig.startHost()
    expect(hostPid).toBeGreaterThan(0)
  })
})

describe('with peers anywhere', () => {
  let rig: RunningRig

  beforeAll(async () => {
    rig = await launchRig(home)
    await rig.startHost()
  })
  afterAll(() => rig.close())

  it('an offer has the address that STUN servers see, and none of this machine’s own network', async () => {
    const [one, other] = [await startStun(), await startStun()]
    const iceServers = [`stun:127.0.0.1:${one.port}`, `stun:localhost:${other.port}`]
    const { sdp } = await rig.ask({ kind: 'offer', iceServers, keepsLocalCandidates: false })
    const candidates = String(sdp)
      .split('\r\n')
      .filter((line) => line.startsWith('a=candidate'))
    expect(candidates.length).toBeGreaterThan(0)
    for (const candidate of candidates) expect(candidate).toContain(' typ srflx raddr 0.0.0.0 ')
    expect(String(sdp)).toContain('c=IN IP4 127.0.0.1')
    expect([one.asked.length > 0, other.asked.length > 0]).toEqual([true, true])
  })

  it('an offer does not wait for a STUN server that says nothing', async () => {
    const stun = await startStun()
    const silent = createSocket('udp4')
    await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve))
    cleanUps.push(() => void silent.close())
    const iceServers = [`stun:127.0.0.1:${silent.address().port}`, `stun:127.0.0.1:${stun.port}`]
    const { sdp } = await rig.ask({ kind: 'offer', iceServers, keepsLocalCandidates: false })
    expect(String(sdp)).toContain('typ srflx')
  })

  it('addresses of this network are not gathered, whoever asks for it', async () => {
    expect(await rig.ask({ kind: 'offer', iceServers: [], keepsLocalCandidates: true })).toMatchObject({
      kind: 'channel-failed',
    })
  })

  it('the page, taken over, asks no server and learns no address', async () => {
    await rig.ask({ kind: 'offer', iceServers: [], keepsLocalCandidates: false })
    const attempt = (text: string): Promise<unknown> =>
      rig.runInPage(
        `(async () => { try { return await (async () => { ${text} })() } catch (error) { return 'refused: ' + error.name } })()`,
      )
    expect(await rig.pages()).toEqual(['app://transports/peers.html'])
    expect(await attempt(`await fetch('https://localhost/'); return 'sent'`)).toMatch(/^refused/)
    expect(await attempt(`await fetch('app://transports/web.html'); return 'sent'`)).toMatch(/^refused/)
    expect(
      await attempt(
        `const peer = new RTCPeerConnection(); peer.createDataChannel('x'); await peer.setLocalDescription(await peer.createOffer()); await new Promise((resolve) => setTimeout(resolve, 1000)); const { sdp } = peer.localDescription; peer.close(); return sdp.includes('a=candidate')`,
      ),
    ).toBe(false)
    expect(await attempt(`return [typeof require, typeof process, typeof window.allium].join()`)).toBe(
      'undefined,undefined,undefined',
    )
  })
})
