import { describe, expect, it } from 'vitest'
import {
  ChannelCommand,
  channelCommandName,
  isVariableLength,
  RELAY_DATA_MAX_BYTES,
  RelayCommand,
  relayCommandName,
} from '../../../core/cell/commands.ts'
import {
  describeDestroyReason,
  describeEndReason,
  DestroyReason,
  EndReason,
} from '../../../core/cell/reasons.ts'

describe('command numbers', () => {
  it('exactly VERSIONS and the commands from 128 up carry their own length', () => {
    const variable = Array.from({ length: 256 }, (_, command) => command).filter(isVariableLength)
    expect(variable).toEqual([7, ...Array.from({ length: 128 }, (_, index) => 128 + index)])
  })

  it('no number has two names, and every name is found by its number', () => {
    for (const [numbers, nameOf] of [
      [ChannelCommand, channelCommandName],
      [RelayCommand, relayCommandName],
    ] as const) {
      const entries = Object.entries(numbers)
      expect(new Set(entries.map(([, number]) => number)).size).toBe(entries.length)
      for (const [name, number] of entries) expect(nameOf(number)).toBe(name)
    }
  })

  it('an unknown number is said as a number', () => {
    expect(channelCommandName(77)).toBe('channel command 77')
    expect(relayCommandName(200)).toBe('relay command 200')
    expect(describeDestroyReason(99)).toBe('unknown reason 99')
    expect(describeEndReason(0)).toBe('unknown reason 0')
  })

  it('every reason has words for people', () => {
    for (const reason of Object.values(DestroyReason))
      expect(describeDestroyReason(reason)).not.toMatch(/unknown/)
    for (const reason of Object.values(EndReason)) expect(describeEndReason(reason)).not.toMatch(/unknown/)
  })

  it('a relay cell of format 0 carries 498 bytes', () => {
    expect(RELAY_DATA_MAX_BYTES).toBe(498)
  })
})
