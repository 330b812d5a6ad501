/** A page that was taken over by somebody else, in the real window: what it tries, and that it gets nowhere. */
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sleep } from '../interop/support/waiting.ts'
import { createHome } from './support/app-home.ts'
import { launchApp, type RunningApp } from './support/launch-app.ts'

const home = createHome()
let app: RunningApp
/** Addresses of whoever reached our listeners. */
const reached: string[] = []
let tcpPort = 0
let udpPort = 0
const tcp = createServer((socket) => {
  reached.push('tcp')
  socket.on('error', () => undefined)
  socket.destroy()
})
const udp = createSocket('udp4', () => reached.push('udp'))

beforeAll(async () => {
  tcpPort = await new Promise((resolve) => {
    tcp.listen(0, '127.0.0.1', () => {
      const address = tcp.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
  udpPort = await new Promise((resolve) => {
    udp.bind(0, '127.0.0.1', () => resolve(udp.address().port))
  })
  app = await launchApp(home)
})

afterAll(async () => {
  await app.close()
  tcp.close()
  udp.close()
  home.remove()
})

/** Runs text as the page would; what it throws is its result. */
function attempt(text: string): Promise<unknown> {
  return app.page.evaluate(
    `(async () => { try { return await (async () => { ${text} })() } catch (error) { return 'refused: ' + error.name } })()`,
  )
}

describe('the page', () => {
  it('comes from our own origin, with a policy that lets it speak to nobody', async () => {
    expect(app.page.url()).toBe('app://allium/index.html')
    const policy = await app.electron.evaluate(async ({ session }) => {
      const response = await session.fromPartition('allium').fetch('app://allium/index.html')
      return response.headers.get('content-security-policy')
    })
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("connect-src 'none'")
    expect(policy).toContain("require-trusted-types-for 'script'")
  })

  it('has nothing of Node', async () => {
    expect(
      await app.page.evaluate(
        `[typeof require, typeof process, typeof module, typeof Buffer, typeof global]`,
      ),
    ).toEqual(['undefined', 'undefined', 'undefined', 'undefined', 'undefined'])
    expect(await app.page.evaluate(`Object.keys(window.allium).sort()`)).toEqual(['invoke', 'subscribe'])
  })

  it.each([
    ['fetch', (port: number) => `await fetch('http://127.0.0.1:${port}/'); return 'sent'`],
    [
      'fetch without CORS',
      (port: number) => `await fetch('http://127.0.0.1:${port}/', { mode: 'no-cors' }); return 'sent'`,
    ],
    [
      'a WebSocket',
      (port: number) =>
        `const socket = new WebSocket('ws://127.0.0.1:${port}/'); await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = () => reject(new DOMException('', 'NetworkError')) }); return 'sent'`,
    ],
    [
      'a beacon',
      (port: number) =>
        `return navigator.sendBeacon('http://127.0.0.1:${port}/', 'x') ? 'queued' : 'refused: false'`,
    ],
    [
      'a picture',
      (port: number) =>
        `const image = new Image(); image.src = 'http://127.0.0.1:${port}/a.png'; await image.decode(); return 'sent'`,
    ],
    [
      'a worker',
      () => `new Worker(URL.createObjectURL(new Blob(['fetch("http://127.0.0.1/")']))); return 'sent'`,
    ],
    [
      'eval',
      () =>
        `return await new Promise((resolve, reject) => setTimeout(() => { try { resolve(eval('1 + 1')) } catch (error) { reject(error) } }))`,
    ],
    ['markup', () => `document.body.innerHTML = '<img src=x>'; return 'sent'`],
    [
      'a script of its own',
      () =>
        `const script = document.createElement('script'); script.text = 'window.wasRun = true'; document.head.append(script); return window.wasRun === true ? 'ran' : 'refused: no run'`,
    ],
    ['the clipboard', () => `await navigator.clipboard.readText(); return 'read'`],
    ['the camera', () => `await navigator.mediaDevices.getUserMedia({ video: true }); return 'seen'`],
    ['the screen', () => `await navigator.mediaDevices.getDisplayMedia({ video: true }); return 'seen'`],
    ['a notification', () => `return 'refused: ' + await Notification.requestPermission()`],
    ['a USB device', () => `await navigator.usb.requestDevice({ filters: [] }); return 'taken'`],
  ])('cannot use %s', async (_, text) => {
    expect(await attempt(text(tcpPort))).toMatch(/^(?:refused|queued)/)
  })

  it('cannot go elsewhere, open a window, or put a frame into itself', async () => {
    const url = app.page.url()
    await attempt(`location.href = 'http://127.0.0.1:${tcpPort}/'`)
    await attempt(`location.href = 'data:text/html,x'`)
    await attempt(`location.href = 'app://allium/assets/none.html'`)
    expect(await attempt(`return window.open('http://127.0.0.1:${tcpPort}/') === null`)).toBe(true)
    expect(await attempt(`return window.open('about:blank') === null`)).toBe(true)
    await attempt(
      `const link = document.createElement('a'); link.href = 'http://127.0.0.1:${tcpPort}/'; link.target = '_blank'; document.body.append(link); link.click(); link.download = 'x'; link.click(); link.remove()`,
    )
    await attempt(
      `const form = document.createElement('form'); form.action = 'http://127.0.0.1:${tcpPort}/'; form.method = 'post'; document.body.append(form); form.submit(); form.remove()`,
    )
    await attempt(
      `const frame = document.createElement('iframe'); frame.src = 'http://127.0.0.1:${tcpPort}/'; document.body.append(frame)`,
    )
    await sleep(500)
    expect(app.page.url()).toBe(url)
    expect(app.electron.windows()).toHaveLength(1)
  })

  it('reaches nobody by WebRTC, not by UDP and not by TCP', async () => {
    await attempt(`
      const servers = [
        { urls: 'stun:127.0.0.1:${udpPort}' },
        { urls: 'turn:127.0.0.1:${udpPort}', username: 'x', credential: 'x' },
        { urls: 'turn:127.0.0.1:${tcpPort}?transport=tcp', username: 'x', credential: 'x' },
      ]
      const peer = new RTCPeerConnection({ iceServers: servers })
      peer.createDataChannel('x')
      await peer.setLocalDescription(await peer.createOffer())
      await new Promise((resolve) => setTimeout(resolve, 3000))
      peer.close()
    `)
    expect(reached).toEqual([])
  })

  it('gives commands by the contract alone', async () => {
    const ask = (name: string, argument: string): Promise<unknown> =>
      app.page.evaluate(`window.allium.invoke(${name}, ${argument})`)
    expect(await ask(`'shell.openExternal'`, `'https://example.com'`)).toMatchObject({
      error: { kind: 'unknown-command' },
    })
    expect(await ask(`'constructor'`, `undefined`)).toMatchObject({ error: { kind: 'unknown-command' } })
    expect(await ask(`'circuit.close'`, `'1'`)).toMatchObject({ error: { kind: 'bad-argument' } })
    expect(await ask(`'settings.change'`, `{ entry: 'direct', extra: 1 }`)).toMatchObject({
      error: { kind: 'bad-argument' },
    })
    expect(await ask(`'connection.start'`, `undefined`)).toMatchObject({ error: { kind: 'entry-unasked' } })
  })

  it('is cut off when it floods main with commands, and served again after it', async () => {
    const kinds = await app.page.evaluate(
      `Promise.all(Array.from({ length: 2000 }, () => window.allium.invoke('snapshot.read'))).then((all) => all.filter((one) => !one.ok).length)`,
    )
    expect(kinds).toBeGreaterThan(1000)
    await sleep(1100)
    expect((await app.snapshot()).connection.state).toBe('off')
  })

  it('has reached none of the listeners with all of it', async () => {
    await sleep(500)
    expect(reached).toEqual([])
  })
})
