/** Whatever goes wrong, the page says it in words of its own: no kind is without them, and no words are without a kind. */
import { FluentResource } from '@fluent/bundle'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { APP_ERROR_KINDS } from '../../../electron/ipc/error-kinds.ts'

/** The core's are a type alone, so they are read from where it stands. */
function coreKinds(): readonly string[] {
  const source = readFileSync('core/util/errors.ts', 'utf8')
  const union = /export type ErrorKind =([\s\S]*?)\n\n/.exec(source)?.[1] ?? ''
  return [...union.matchAll(/^ {2}\| '([a-z-]+)'$/gm)].map(([, kind]) => kind ?? '')
}

const words = new FluentResource(readFileSync('renderer/words/en/errors.ftl', 'utf8')).body
const spoken = new Set(words.map(({ id }) => id.replace(/^error-/, '')))
const kinds = new Set<string>([...coreKinds(), ...APP_ERROR_KINDS])

describe('the words of errors', () => {
  it('are there for every kind of the core and of the app', () => {
    expect(coreKinds().length).toBeGreaterThan(20)
    expect([...kinds].filter((kind) => !spoken.has(kind))).toEqual([])
  })

  it('are there for nothing else but what has no kind that we know', () => {
    expect([...spoken].filter((kind) => !kinds.has(kind))).toEqual(['unknown'])
  })

  it('are one or a few plain sentences, with nothing of the program in them', () => {
    for (const { id, value } of words) {
      expect(value, id).toMatch(/^[A-Z].*\.$/)
      expect(value, id).not.toMatch(/_|null|undefined|\bIPC\b/)
    }
  })
})
