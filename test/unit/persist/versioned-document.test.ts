import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonFields } from '../../../core/persist/json-fields.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { type DocumentSchema, loadDocument, saveDocument } from '../../../core/persist/versioned-document.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { formatLogParts, Logger } from '../../../core/util/log.ts'

const schema: DocumentSchema<{ count: number }> = {
  name: 'counter.json',
  title: 'the counter',
  version: 2,
  parse: (content, version) => {
    const fields = new JsonFields('counter', content)
    return { count: fields.integer(version === 1 ? 'old-count' : 'count', 0, 1000) }
  },
  serialize: (value) => value,
}

function collect(): { log: Logger; lines: string[] } {
  const lines: string[] = []
  return {
    lines,
    log: new Logger((record) => lines.push(`${record.level} ${formatLogParts(record.parts, true)}`)),
  }
}

describe('a versioned document', () => {
  it('comes back as it was saved', async () => {
    const { log, lines } = collect()
    const store = new MemoryStateStore()
    expect(await loadDocument(store, schema, log)).toEqual({ kind: 'missing' })
    await saveDocument(store, schema, { count: 7 })
    expect(await loadDocument(store, schema, log)).toEqual({ kind: 'loaded', value: { count: 7 } })
    expect(lines).toEqual([])
  })

  it('of an older version is read by the parser that knows it', async () => {
    const store = new MemoryStateStore()
    await store.write('counter.json', Buffer.from('{"version":1,"content":{"old-count":3}}'))
    expect(await loadDocument(store, schema, collect().log)).toEqual({ kind: 'loaded', value: { count: 3 } })
  })

  it.each([
    ['', 'unreadable'],
    ['{"version":2,"content":{"count":', 'unreadable'],
    ['{"version":2,"content":{"count":-1}}', 'unreadable'],
    ['{"version":2,"content":{"count":1.5}}', 'unreadable'],
    ['{"version":2,"content":[]}', 'unreadable'],
    ['{"version":"2","content":{"count":1}}', 'unreadable'],
    ['[]', 'unreadable'],
    ['null', 'unreadable'],
    ['{"version":2,"content":{"count":1}}\xff', 'unreadable'],
    ['{"version":3,"content":{"other":1}}', 'newer'],
  ])('that is %j is kept as a backup and said', async (text, reason) => {
    const { log, lines } = collect()
    const store = new MemoryStateStore()
    await store.write('counter.json', Buffer.from(text, 'latin1'))
    const loaded = await loadDocument(store, schema, log)
    expect(loaded).toEqual({ kind: 'set-aside', backup: 'counter.json.bad-1', reason })
    expect(Buffer.from(store.peek('counter.json.bad-1') ?? []).toString('latin1')).toBe(text)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^warn .*kept as "counter\.json\.bad-1"/)
  })

  it('is not taken for lost when the disk cannot be read', async () => {
    const store = new MemoryStateStore()
    await store.close()
    await expect(loadDocument(store, schema, collect().log)).rejects.toMatchObject({ kind: 'closed' })
  })

  it('gives one of its three answers for arbitrary bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        async (bytes) => {
          const store = new MemoryStateStore()
          await store.write('counter.json', bytes)
          const { kind } = await loadDocument(store, schema, collect().log)
          expect(['loaded', 'set-aside']).toContain(kind)
        },
      ),
    )
  })
})

describe('JSON fields', () => {
  it('answer a wrong or missing field with the error that names it', () => {
    const fields = new JsonFields('thing', JSON.parse('{"a":"text","n":5,"l":[1,2,3],"__proto__":{"b":1}}'))
    expect(fields.string('a')).toBe('text')
    expect(fields.integer('n', 0, 5)).toBe(5)
    expect(fields.list('l', 3, (item) => item)).toEqual([1, 2, 3])
    expect(fields.has('b')).toBe(false)
    const wrong = [
      () => fields.string('a', 3),
      () => fields.string('n'),
      () => fields.integer('n', 0, 4),
      () => fields.integer('a', 0, 4),
      () => fields.list('l', 2, (item) => item),
      () => fields.list('a', 2, (item) => item),
      () => fields.string('toString'),
    ]
    for (const read of wrong) {
      let thrown: unknown
      try {
        read()
      } catch (error) {
        thrown = error
      }
      expect(isTorError(thrown, 'malformed')).toBe(true)
    }
  })
})
