import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { BUILT_IN_DATA_DATES } from '../../../core/netdir/data-dates.ts'

describe('the dates of the built-in data', () => {
  it('are days', () => {
    for (const day of Object.values(BUILT_IN_DATA_DATES)) expect(day).toMatch(/^20\d\d-\d\d-\d\d$/)
  })

  it('say of the countries what the notice beside the table says', () => {
    const notice = readFileSync(
      new URL('../../../core/persist/bundled/countries-licence.md', import.meta.url),
      'utf8',
    )
    const generated = /generated (.*? GMT)/.exec(notice)?.[1] ?? ''
    expect(BUILT_IN_DATA_DATES.countries).toBe(new Date(generated).toISOString().slice(0, 10))
  })
})
