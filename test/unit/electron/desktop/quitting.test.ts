/** When quitting ends the app, and when it stays to say what is wrong. */
import { describe, expect, it } from 'vitest'
import { Quitting } from '../../../../electron/desktop/quitting.ts'

function setUp() {
  const done: string[] = []
  const ends: ((isClean: boolean) => void)[] = []
  const quitting = new Quitting({
    close: () =>
      new Promise((resolve) => {
        done.push('close')
        ends.push(resolve)
      }),
    show: () => done.push('show'),
    exit: () => done.push('exit'),
  })
  const end = async (isClean: boolean): Promise<void> => {
    ends.shift()?.(isClean)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { done, end, quitting }
}

describe('quitting', () => {
  it('ends the app when everything is as it was, and not before', async () => {
    const { done, end, quitting } = setUp()
    quitting.request('person')
    quitting.request('person')
    expect(done).toEqual(['close'])
    await end(true)
    expect(done).toEqual(['close', 'exit'])
  })

  it('stays once when the old settings could not be put back, and goes at the second wish', async () => {
    const { done, end, quitting } = setUp()
    quitting.request('person')
    await end(false)
    expect(done).toEqual(['close', 'show'])
    quitting.request('person')
    await end(false)
    expect(done).toEqual(['close', 'show', 'close', 'exit'])
  })

  it('does not stay when the system wants it to end, also when that comes while it is under way', async () => {
    const { done, end, quitting } = setUp()
    quitting.request('person')
    quitting.request('system')
    await end(false)
    expect(done).toEqual(['close', 'exit'])
  })
})
