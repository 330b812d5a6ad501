import { describe, expect, it } from 'vitest'
import { abortable, throwIfAborted } from '../../../core/util/abort.ts'
import { TorError } from '../../../core/util/errors.ts'
import { StopSource } from '../../../core/util/stop-signal.ts'

const REASON = new TorError('closed', 'the client is closed')

/** A source with listeners that write down who they are. */
function listening(...names: readonly string[]): {
  source: StopSource
  heard: string[]
  listeners: Record<string, () => void>
} {
  const source = new StopSource()
  const heard: string[] = []
  const listeners = Object.fromEntries(names.map((name) => [name, (): void => void heard.push(name)]))
  for (const listener of Object.values(listeners)) source.addEventListener('abort', listener)
  return { source, heard, listeners }
}

describe('a light stop signal', () => {
  it('calls all its listeners once, in their order, when it has its reason', () => {
    const { source, heard } = listening('a', 'b', 'c')
    source.addEventListener('abort', () => heard.push(String(source.reason)))
    expect([source.aborted, source.reason]).toEqual([false, undefined])
    source.abort(REASON)
    source.abort(new TorError('timeout', 'too late'))
    expect(heard).toEqual(['a', 'b', 'c', String(REASON)])
    expect([source.aborted, source.reason]).toEqual([true, REASON])
  })

  it.each(['a', 'b', 'c'])('forgets a listener that was removed (%s)', (name) => {
    const { source, heard, listeners } = listening('a', 'b', 'c')
    source.removeEventListener('abort', listeners[name] ?? (() => {}))
    source.abort(REASON)
    expect(heard).toEqual(['a', 'b', 'c'].filter((other) => other !== name))
  })

  it('keeps the order when the first was removed and another came', () => {
    const { source, heard, listeners } = listening('a', 'b')
    source.removeEventListener('abort', listeners['a'] ?? (() => {}))
    source.addEventListener('abort', () => heard.push('c'))
    source.abort(REASON)
    expect(heard).toEqual(['b', 'c'])
  })

  it('does not call one that another listener removed', () => {
    const source = new StopSource()
    const heard: string[] = []
    const second = (): void => void heard.push('second')
    source.addEventListener('abort', () => source.removeEventListener('abort', second))
    source.addEventListener('abort', () => heard.push('between'))
    source.addEventListener('abort', second)
    source.abort(REASON)
    expect(heard).toEqual(['between'])
  })

  it('serves the waits as the platform’s does', async () => {
    const source = new StopSource()
    const waiting = abortable(new Promise(() => {}), source)
    expect(() => throwIfAborted(source)).not.toThrow()
    source.abort(REASON)
    await expect(waiting).rejects.toBe(REASON)
    expect(() => throwIfAborted(source)).toThrow(REASON)
    await expect(abortable(new Promise(() => {}), source)).rejects.toBe(REASON)
  })
})
