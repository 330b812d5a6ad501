import { describe, expect, it } from 'vitest'
import { PredictedPorts } from '../../../core/circuit-manager/predicted-ports.ts'

const HOUR_MS = 3_600_000

function ports(predicted: PredictedPorts, nowMs: number): (number | undefined)[] {
  return predicted.current(nowMs).map(({ port }) => port)
}

describe('the ports that will be wanted', () => {
  it('are those of the web at first, and nothing an hour later', () => {
    const predicted = new PredictedPorts(() => HOUR_MS)
    predicted.reset(0)
    expect(ports(predicted, HOUR_MS)).toEqual([80, 443])
    expect(ports(predicted, HOUR_MS + 1)).toEqual([])
  })

  it('are those of the last hour, look-ups among them, the most recent first', () => {
    const predicted = new PredictedPorts(() => HOUR_MS)
    predicted.note({ port: 22, family: undefined, needsStable: true }, 0)
    predicted.note({ port: undefined, family: undefined }, 10)
    predicted.note({ port: 25, family: 'ipv4' }, 20)
    predicted.note({ port: 22, family: undefined, needsStable: true }, HOUR_MS)
    expect(predicted.current(HOUR_MS + 15)).toEqual([
      { port: 22, family: undefined, needsStable: true },
      { port: 25, family: undefined, needsStable: false },
    ])
  })

  it('are wanted for another time after each rest, which nobody can count back from', () => {
    const drawnMs = [HOUR_MS / 2, HOUR_MS]
    const predicted = new PredictedPorts(() => drawnMs.shift() ?? 0)
    predicted.reset(0)
    predicted.note({ port: 22, family: undefined }, 10)
    expect(ports(predicted, HOUR_MS / 2 + 10)).toEqual([22])
    expect(ports(predicted, HOUR_MS / 2 + 11)).toEqual([])
    predicted.note({ port: 25, family: undefined }, HOUR_MS)
    expect(ports(predicted, 2 * HOUR_MS)).toEqual([25])
    expect(ports(predicted, 2 * HOUR_MS + 1)).toEqual([])
  })

  it('say of a request whether its like was expected', () => {
    const predicted = new PredictedPorts(() => HOUR_MS)
    predicted.reset(0)
    expect(predicted.note({ port: 443, family: 'ipv4' }, 0)).toBe(false)
    expect(predicted.note({ port: 22, family: 'ipv4' }, 0)).toBe(true)
    expect(predicted.note({ port: 22, family: undefined }, 0)).toBe(false)
    expect(predicted.note({ port: 22, family: 'ipv6' }, 0)).toBe(true)
  })

  it('tell IPv6 apart, which other exits serve', () => {
    const predicted = new PredictedPorts(() => HOUR_MS)
    predicted.note({ port: 443, family: 'ipv4' }, 0)
    predicted.note({ port: 443, family: undefined }, 0)
    predicted.note({ port: 443, family: 'ipv6' }, 0)
    expect(predicted.current(0).map(({ family }) => family)).toEqual(['ipv6', undefined])
  })

  it('are sixteen at most, whatever a program tries', () => {
    const predicted = new PredictedPorts(() => HOUR_MS)
    for (let port = 1; port <= 65_535; port += 7) predicted.note({ port, family: undefined }, port)
    expect(predicted.current(65_535).length).toBe(16)
    expect(ports(predicted, 65_535)[0]).toBe(65_535 - (65_534 % 7))
  })
})
