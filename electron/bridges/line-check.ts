/** Says of each bridge line in a pasted text whether it can be added, and if not, what is wrong with it. Pure. */
import {
  type BridgeLine,
  BridgeLineError,
  type BridgeLineFault as CoreFault,
  checkBridgeArguments,
  formatBridgeLine,
  isTorError,
  parseBridgeLine,
} from '../../core/index.ts'
import type { BridgeLineFault, BridgeLineResult } from '../ipc/snapshot-bridges.ts'
import { bridgeEmoji } from './bridge-emoji.ts'
import { pastedLines } from './pasted-lines.ts'

/** Nobody needs more, and each of them is reached. */
export const MAX_BRIDGES = 100

/** How a bridge without a transport is called. */
export const PLAIN = 'vanilla'

/** What people call a transport, where bridge lines have another name. */
const COMMON_NAMES: ReadonlyMap<string, string> = new Map([['meek_lite', 'meek']])

/** As the page knows it. */
export function commonName(transport: string | undefined): string {
  return transport === undefined ? PLAIN : (COMMON_NAMES.get(transport) ?? transport)
}

/** Transports that bridges were ever handed out for: who names one of them has made no mistake in writing. */
const KNOWN_TRANSPORTS: ReadonlySet<string> = new Set([
  'conjure',
  'dnstt',
  'fte',
  'meek',
  'meek_lite',
  'obfs2',
  'obfs3',
  'obfs4',
  'scramblesuit',
  'snowflake',
  'webtunnel',
])

/** An address with a port, or a bare one: something that was meant to be where a bridge listens. */
const ADDRESS_LIKE = /^(?:\[[^\]\s]*\]|[^\s:/]+):[0-9]+$|^[0-9.]+$|^\[?[0-9a-fA-F]*:[0-9a-fA-F:.]*\]?$/

const FAULT_OF: Readonly<Record<CoreFault, BridgeLineFault>> = {
  empty: 'not-a-bridge-line',
  'too-long': 'not-a-bridge-line',
  'bad-argument': 'not-a-bridge-line',
  'bad-address': 'bad-address',
  'bad-fingerprint': 'bad-fingerprint',
}

export type CheckedLine =
  | { readonly kind: 'good'; readonly line: BridgeLine }
  | { readonly kind: 'bad'; readonly fault: BridgeLineFault }

/** One line by itself; `transports` are those that the core has. */
export function checkLine(text: string, transports: readonly string[]): CheckedLine {
  let line: BridgeLine
  try {
    line = parseBridgeLine(text)
  } catch (error) {
    if (!(error instanceof BridgeLineError)) throw error
    return { kind: 'bad', fault: faultOf(error, text) }
  }
  const { transport } = line
  if (transport === undefined) return { kind: 'good', line }
  if (transports.includes(transport)) {
    return hasGoodArguments(line) ? { kind: 'good', line } : { kind: 'bad', fault: 'bad-arguments' }
  }
  const isKnown = KNOWN_TRANSPORTS.has(transport)
  return { kind: 'bad', fault: isKnown ? 'transport-not-available' : 'unknown-transport' }
}

/** The core takes no bridge at all when one of them cannot be used: such a line must not get there. */
export function hasGoodArguments(line: BridgeLine): boolean {
  try {
    checkBridgeArguments(line)
    return true
  } catch (error) {
    if (isTorError(error, 'bad-config')) return false
    throw error
  }
}

/** A text without anything like an address in it is no bridge line at all. */
function faultOf({ fault }: BridgeLineError, text: string): BridgeLineFault {
  const isAboutAddress = text.split(/\s+/, 2).some((word) => ADDRESS_LIKE.test(word))
  return fault === 'bad-address' && !isAboutAddress ? 'not-a-bridge-line' : FAULT_OF[fault]
}

/** `known` are the bridges that are there already, as `formatBridgeLine` prints them. */
export function checkPasted(
  text: string,
  known: ReadonlySet<string>,
  transports: readonly string[],
): readonly BridgeLineResult[] {
  const there = new Set(known)
  return pastedLines(text).map(({ lineNumber, text: pasted }) => {
    const checked = checkLine(pasted, transports)
    if (checked.kind === 'bad') return { lineNumber, text: pasted, fault: checked.fault }
    const printed = formatBridgeLine(checked.line)
    if (there.has(printed)) return { lineNumber, text: pasted, fault: 'already-there' }
    if (there.size >= MAX_BRIDGES) return { lineNumber, text: pasted, fault: 'too-many' }
    there.add(printed)
    return { lineNumber, text: pasted, fault: undefined, bridge: describeLine(checked.line, pasted) }
  })
}

/** What is shown of a line; `text` is as the person has it. */
export function describeLine(
  { transport, endpoint }: BridgeLine,
  text: string,
): NonNullable<BridgeLineResult['bridge']> {
  const { host, port } = endpoint
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  return { transport: commonName(transport), address, emoji: bridgeEmoji(text) }
}
