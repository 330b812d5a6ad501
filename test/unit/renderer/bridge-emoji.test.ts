/** Every picture that a bridge can have is called something, for those who hear it. */
import { FluentResource } from '@fluent/bundle'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { BRIDGE_EMOJI } from '../../../electron/bridges/bridge-emoji.ts'
import { codeOfEmoji } from '../../../renderer/views/bridges/emoji-code.ts'

const words = new Map(
  new FluentResource(readFileSync('renderer/words/en/bridge-emoji.ftl', 'utf8')).body.map(({ id, value }) => [
    id,
    value,
  ]),
)

describe('the names of the emoji', () => {
  it('are there for each of them, and no two have the same', () => {
    const names = BRIDGE_EMOJI.map((emoji) => words.get(`bridge-emoji-${codeOfEmoji(emoji)}`))
    expect(names.filter((name) => typeof name !== 'string' || name === '')).toEqual([])
    expect(new Set(names).size).toBe(BRIDGE_EMOJI.length)
    expect(words.size).toBe(BRIDGE_EMOJI.length)
  })

  it('are found whether or not the emoji carries the selector of its colourful form', () => {
    expect(codeOfEmoji('\u{1f3d4}\u{fe0f}')).toBe('1f3d4')
    expect(codeOfEmoji('\u{1f3d4}')).toBe('1f3d4')
    expect(codeOfEmoji('\u{1f9d1}\u{200d}\u{1f680}')).toBe('1f9d1-200d-1f680')
  })
})
