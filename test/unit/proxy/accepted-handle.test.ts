import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type AcceptedHandle, takeHandles } from '../../../core/proxy/accepted-handle.ts'
import { until } from './support.ts'

let server: Server
const sockets: Socket[] = []
const handles: AcceptedHandle[] = []

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const handle of handles.splice(0)) hook(handle, 'close')()
  server.close()
})

async function listen(): Promise<void> {
  server = createServer((socket) => sockets.push(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
}

type Callback = (...args: unknown[]) => void

/** What the kernel's handle calls for each connection, as it is now. */
function hook(of: object, name = 'onconnection'): Callback {
  const found: unknown = Reflect.get(of, name)
  if (typeof found !== 'function') throw new Error(`no ${name}`)
  return (...args) => {
    Reflect.apply(found, of, args)
  }
}

function listeningHandle(): object {
  const handle: unknown = Reflect.get(server, '_handle')
  if (typeof handle !== 'object' || handle === null) throw new Error('no handle')
  return handle
}

function dial(): void {
  const address = server.address()
  if (address !== null && typeof address === 'object') sockets.push(connect(address.port, '127.0.0.1'))
}

test('a server of this release of Node gives up its connections before it has made sockets of them', async () => {
  await listen()
  takeHandles(server, (handle) => handles.push(handle))
  dial()
  await until(() => handles.length === 1)
  expect(sockets).toHaveLength(1)
})

test('a connection that could not be read into a buffer of ours comes as a socket', async () => {
  await listen()
  takeHandles(server, (handle) => handles.push(handle))
  const taking = hook(listeningHandle())
  Reflect.set(listeningHandle(), 'onconnection', (status: number, handle: object) => {
    Reflect.set(handle, 'useUserBuffer', undefined)
    taking(status, handle)
  })
  dial()
  await until(() => sockets.length === 2)
  expect(handles).toHaveLength(0)
})

test('what the kernel reports instead of a connection is still the server’s error', async () => {
  await listen()
  takeHandles(server, (handle) => handles.push(handle))
  const errors: NodeJS.ErrnoException[] = []
  server.on('error', (error) => errors.push(error))
  hook(listeningHandle())(-24, undefined)
  expect(errors.map(({ code }) => code)).toEqual(['EMFILE'])
})

test.each([undefined, {}])('a server with another kind of handle (%j) is left as it is', async (handle) => {
  await listen()
  const stranger = createServer()
  Reflect.set(stranger, '_handle', handle)
  takeHandles(stranger, (taken) => handles.push(taken))
  expect(Reflect.get(stranger, '_handle')).toEqual(handle)
})
