/** What is said about typed settings before main is asked. */
import { describe, expect, it } from 'vitest'
import { isCheckAddress, portFault } from '../../../renderer/views/settings/checks.ts'

describe('typed settings', () => {
  it.each(['', ' ', '12a', '1.5', '-1', '65536', '99999', '123456', '0x50', '８０'])(
    'takes "%s" for no port',
    (text) => {
      expect(portFault(text, 1)).toBe('not-a-port')
    },
  )

  it('takes two equal ports only where each is a free one', () => {
    expect(portFault('9250', 9_250)).toBe('same-port')
    expect(portFault('0', 0)).toBeUndefined()
    expect(portFault('65535', 9_250)).toBeUndefined()
  })

  it('takes an address only over https and without a password in it', () => {
    expect(isCheckAddress('https://check.example/api/ip')).toBe(true)
    for (const wrong of [
      '',
      'check.example',
      'http://check.example',
      'https://a:b@check.example',
      'javascript:1',
    ]) {
      expect(isCheckAddress(wrong), wrong).toBe(false)
    }
  })
})
