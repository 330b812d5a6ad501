/** A generated directory with everything in it that path selection must step around. */
import { createHash } from 'node:crypto'
import { NetDir } from '../../core/netdir/net-dir.ts'
import { parseConsensus } from '../../core/netdoc/consensus.ts'
import { parseMicrodescriptors } from '../../core/netdoc/microdescriptor.ts'
import { type GeneratedRelay, generateDirectory } from './generate-directory.ts'

export interface TrickyDirectory {
  readonly netDir: NetDir
  /** For each row the group that it is mutually in family with, however that is declared; rows without are alone. */
  readonly familyOf: readonly (string | undefined)[]
}

/**
 * Of every 40 relays: ten by mutual fingerprints (the generator's, in each fourth ten), five by mutual nicknames, five by
 * a family id, and one that claims a relay that does not claim it. Every seventh is MiddleOnly, every third exit a
 * BadExit, and every ninth has the address of the one before it.
 */
export function trickyDirectory(count: number, seed = 5): TrickyDirectory {
  const directory = generateDirectory({ relays: count, authorities: 1, seed })
  const relays = directory.relays.map((relay, row) => makeTricky(directory.relays, relay, row))
  const header = directory.unsigned.slice(0, directory.unsigned.indexOf('\nr ') + 1)
  const footer = directory.consensus.toString('latin1')
  const text = `${header}${relays.map(({ entry }) => entry).join('')}${footer.slice(footer.indexOf('directory-footer'))}`
  const netDir = NetDir.build({
    consensus: parseConsensus(Buffer.from(text, 'latin1')),
    microdescriptors: [
      parseMicrodescriptors(Buffer.from(relays.map((relay) => relay.microdescriptor).join(''), 'latin1')),
    ],
  })
  return { netDir, familyOf: relays.map((_, row) => familyAt(row)) }
}

function familyAt(row: number): string | undefined {
  const block = Math.floor(row / 40)
  const place = row % 40
  if (place < 10) return `fingerprints ${block}`
  if (place < 15) return `nicknames ${block}`
  return place >= 20 && place < 25 ? `ids ${block}` : undefined
}

function makeTricky(all: readonly GeneratedRelay[], relay: GeneratedRelay, row: number): GeneratedRelay {
  const microdescriptor = withFamily(relay.microdescriptor, all, row)
  const digest = createHash('sha256').update(microdescriptor, 'latin1').digest('base64').replace(/=+$/, '')
  const twin = row % 9 === 0 ? all[row - 1] : undefined
  const address = / 2038-01-01 00:00:00 (\S+) /
  const entry = relay.entry
    .replace(/^m .*$/m, `m ${digest}`)
    .replace(/^s (.*)$/m, (_, flags: string) => `s ${withFlags(flags.split(' '), row).join(' ')}`)
    .replace(address, (line, own: string) => line.replace(own, address.exec(twin?.entry ?? '')?.[1] ?? own))
  return { ...relay, microdescriptor, entry }
}

function withFamily(microdescriptor: string, all: readonly GeneratedRelay[], row: number): string {
  const place = row % 40
  const add = (line: string): string =>
    microdescriptor.replace(/^ntor-onion-key .*\n/m, (key) => `${key}${line}\n`)
  if (place >= 10 && place < 15) {
    const first = row - place + 10
    const names = all.slice(first, first + 5).map(({ nickname }) => nickname.toUpperCase())
    return names.length > 1 ? add(`family ${names.join(' ')}`) : microdescriptor
  }
  if (place === 15) return add(`family ${all[row + 1]?.nickname ?? 'nobody'}`)
  if (place < 20 || place >= 25) return microdescriptor
  const id = createHash('sha256')
    .update(`family ${row - place}`)
    .digest('base64')
    .replace(/=+$/, '')
  return microdescriptor.replace(/^id ed25519/m, `family-ids ed25519:${id}\nid ed25519`)
}

function withFlags(flags: readonly string[], row: number): string[] {
  const more = [...flags]
  if (row % 7 === 0) more.push('MiddleOnly')
  if (row % 3 === 0 && flags.includes('Exit')) more.push('BadExit')
  return more.sort()
}
