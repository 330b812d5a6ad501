/** The core's outside in the app: what it asks main for, with a main that is played by hand. */
import { describe, expect, it } from 'vitest'
import { type Outside, TorError, type WebRequest } from '../../../../core/index.ts'
import { chromiumOutside } from '../../../../electron/host/chromium-outside.ts'
import type { HostRequest, OutsideAnswer } from '../../../../electron/outside/outside-messages.ts'
import { parseHostRequest } from '../../../../electron/outside/outside-messages.ts'
import { type FakePort, portPair } from '../outside/port-pair.ts'

const NEVER = new AbortController().signal
const REQUEST: WebRequest = {
  url: 'https://hidden.example/a/b?c=d',
  front: 'front.example',
  method: 'GET',
  headers: [['X-Session-Id', 'abc']],
  body: undefined,
  maxResponseBytes: 1000,
  proxy: undefined,
}

function setUp(answerTo: (request: HostRequest, main: FakePort) => OutsideAnswer | undefined) {
  const [host, main] = portPair()
  const asked: HostRequest[] = []
  main.on('message', ({ data }: { data: unknown }) => {
    const request = parseHostRequest(data)
    if (request === undefined) throw new Error('the host asks what main does not take')
    asked.push(request)
    const answer = answerTo(request, main)
    if (answer !== undefined) main.say(answer)
  })
  const looked: string[] = []
  const plain: string[] = []
  const outside = chromiumOutside(Promise.resolve(host), {
    dial: () => Promise.reject(new TorError('channel-failed', 'nobody is there')),
    plainWebRequest: async ({ url }) => {
      plain.push(url)
      return { status: 200, body: Buffer.from('plain') }
    },
    lookUp: async (name) => {
      looked.push(name)
      if (name.endsWith('.gone')) throw new TorError('channel-failed', 'no such name')
      return name.startsWith('six') ? ['2001:db8::1'] : ['192.0.2.1', '192.0.2.2']
    },
  })
  return { asked, main, outside, looked, plain }
}

function web({ webRequest }: Outside, change: Partial<WebRequest> = {}, signal = NEVER): Promise<unknown> {
  if (webRequest === undefined) throw new Error('no webRequest')
  return webRequest({ ...REQUEST, ...change }, signal)
}

const answered = (request: HostRequest): OutsideAnswer | undefined =>
  request.kind === 'web'
    ? { kind: 'web-answer', id: request.id, status: 200, body: new Uint8Array(Buffer.from('answer')) }
    : undefined

describe('a web request', () => {
  it('names the front in its address and the hidden server beside it, after the door has been said once', async () => {
    const { asked, outside } = setUp(answered)
    expect(await web(outside)).toEqual({ status: 200, body: Buffer.from('answer') })
    await web(outside)
    expect(asked.map(({ kind }) => kind)).toEqual(['door', 'web', 'web'])
    expect(asked[1]).toMatchObject({
      job: {
        url: 'https://front.example/a/b?c=d',
        host: 'hidden.example',
        method: 'GET',
        headers: [['X-Session-Id', 'abc']],
        maxResponseBytes: 1000,
      },
    })
  })

  it.each([
    [{ front: undefined }, 'https://hidden.example/a/b?c=d', 'hidden.example'],
    [{ front: 'Front.Example:8443' }, 'https://front.example:8443/a/b?c=d', 'hidden.example'],
    [{ url: 'https://hidden.example:8443/x' }, 'https://front.example:8443/x', 'hidden.example:8443'],
    [
      { url: 'https://hidden.example:8443/x', front: 'front.example:443' },
      'https://front.example/x',
      'hidden.example:8443',
    ],
    [{ url: 'https://[2001:db8::1]/x', front: undefined }, 'https://[2001:db8::1]/x', '[2001:db8::1]'],
  ])('of %j goes to %s with the Host %s', async (change, url, host) => {
    const { asked, outside } = setUp(answered)
    await web(outside, change)
    expect(asked[1]).toMatchObject({ job: { url, host } })
  })

  it.each([
    [{ url: 'no address' }],
    [{ url: 'https://user:word@hidden.example/' }],
    [{ front: 'a/b' }],
    [{ front: 'a@b' }],
    [{ front: '' }],
    [{ front: 'front.example:0' }],
  ])('is refused before anybody hears of it: %j', async (change) => {
    const { asked, outside } = setUp(answered)
    await expect(web(outside, change)).rejects.toMatchObject({ kind: 'bad-config' })
    expect(asked.filter(({ kind }) => kind === 'web')).toEqual([])
  })

  it('without TLS is the core’s own, and main hears nothing of it', async () => {
    const { asked, outside, plain } = setUp(answered)
    expect(await web(outside, { url: 'http://hidden.example/' })).toMatchObject({ status: 200 })
    expect(plain).toEqual(['http://hidden.example/'])
    expect(asked).toEqual([])
  })

  it('fails with the kind and the words of main', async () => {
    const { outside } = setUp((request) =>
      request.kind === 'web'
        ? { kind: 'failed', id: request.id, error: 'wrong-identity', detail: 'its certificate is old' }
        : undefined,
    )
    await expect(web(outside)).rejects.toMatchObject({
      kind: 'wrong-identity',
      message: 'its certificate is old',
    })
  })

  it('ends with its signal, and main is told', async () => {
    const stop = new AbortController()
    const { asked, outside } = setUp((request) => {
      if (request.kind === 'web') stop.abort()
      return undefined
    })
    await expect(web(outside, {}, stop.signal)).rejects.toMatchObject({ kind: 'aborted' })
    await new Promise((resolve) => setImmediate(resolve))
    expect(asked.map(({ kind }) => kind)).toEqual(['door', 'web', 'cancel'])
  })

  it('fails when main is gone, now and later', async () => {
    const { outside } = setUp((request, main) => {
      if (request.kind === 'web') main.close()
      return undefined
    })
    await expect(web(outside)).rejects.toMatchObject({ kind: 'channel-failed' })
    await expect(web(outside)).rejects.toMatchObject({ kind: 'channel-failed' })
  })
})

describe('a peer', () => {
  const connect = ({ connectPeer }: Outside, iceServers: readonly string[]): Promise<unknown> => {
    if (connectPeer === undefined) throw new Error('no connectPeer')
    return connectPeer({ iceServers, label: 'x', keepsLocalCandidates: false }, NEVER)
  }
  const refused = (request: HostRequest): OutsideAnswer | undefined =>
    request.kind === 'peer'
      ? { kind: 'failed', id: request.id, error: 'channel-failed', detail: 'not here' }
      : undefined

  it('has STUN servers whose names the core has looked up: Chromium asks for none', async () => {
    const { asked, outside, looked } = setUp(refused)
    const servers = [
      'stun:stun.example:19302',
      'stun:six.example:3478',
      'stun:no.gone:3478',
      'stun:192.0.2.7:1',
    ]
    await expect(connect(outside, servers)).rejects.toMatchObject({ message: 'not here' })
    expect(asked[0]).toMatchObject({
      iceServers: ['stun:192.0.2.1:19302', 'stun:[2001:db8::1]:3478', 'stun:192.0.2.7:1'],
    })
    expect(looked).toEqual(['stun.example', 'six.example', 'no.gone'])
  })

  it('is not asked for when no STUN server can be found, or one is none', async () => {
    const { asked, outside } = setUp(refused)
    await expect(connect(outside, ['stun:no.gone:3478'])).rejects.toMatchObject({ kind: 'channel-failed' })
    await expect(connect(outside, ['turn:a.example:3478'])).rejects.toMatchObject({ kind: 'bad-config' })
    expect(asked).toEqual([])
  })
})
