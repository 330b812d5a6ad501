/** Which language the words are in. */
import { describe, expect, it } from 'vitest'
import { chooseLocale, LOCALES } from '../../../renderer/words/locales.ts'

describe('the language', () => {
  it('is the first of the system that there are words for, and English where there is none', () => {
    expect(chooseLocale('system', ['fa-IR', 'en-GB']).tag).toBe('en')
    expect(chooseLocale('system', ['fa-IR']).tag).toBe('en')
    expect(chooseLocale('xx', ['fa-IR']).tag).toBe('en')
  })

  it('offers nobody the two languages that only tests speak', () => {
    expect(LOCALES.map(({ tag }) => tag)).toEqual(['en'])
    expect(chooseLocale('ar-XB', []).direction).toBe('rtl')
  })

  it('shows in the long pseudo-language what a longer translation would break', () => {
    const long = chooseLocale('en-XA', []).transform
    expect((long?.('Connect automatically').length ?? 0) / 'Connect automatically'.length).toBeGreaterThan(
      1.3,
    )
  })
})
