/** A wait on a socket ends once, and leaves nothing behind. */
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { waitOnSocket } from '../../../core/transport/socket-wait.ts'
import { TorError } from '../../../core/util/errors.ts'

const FAILED = new TorError('channel-failed', 'it failed')

describe('a wait on a socket', () => {
  it('gives what was waited for, made when nothing listens any more, and leaves the socket open', async () => {
    const socket = new PassThrough()
    const waiting = waitOnSocket<number>(socket, new AbortController().signal, (wait) => {
      wait.on('ready', () => wait.succeed(() => socket.listenerCount('ready')))
    })
    socket.emit('ready')
    expect(await waiting).toBe(0)
    expect(socket.destroyed).toBe(false)
  })

  it('ends the socket and cleans up once when it fails, whatever comes after', async () => {
    const socket = new PassThrough()
    let cleanUps = 0
    const waiting = waitOnSocket(socket, new AbortController().signal, (wait) => {
      wait.onEnd(() => {
        cleanUps++
      })
      wait.fail(FAILED)
      wait.fail(new TorError('timeout', 'too late'))
    })
    await expect(waiting).rejects.toBe(FAILED)
    socket.emit('error', new Error('nobody is hurt'))
    expect([cleanUps, socket.destroyed]).toEqual([1, true])
  })

  it.each(['before', 'after'])(
    'rejects with the reason of a signal that fires %s it begins',
    async (when) => {
      const socket = new PassThrough()
      const controller = new AbortController()
      const reason = new TorError('aborted', 'enough')
      if (when === 'before') controller.abort(reason)
      const waiting = waitOnSocket(socket, controller.signal, () => {})
      controller.abort(reason)
      await expect(waiting).rejects.toBe(reason)
      expect(socket.destroyed).toBe(true)
    },
  )
})
