/** What C tor 0.4.9.11 sent over two legs, captured on a private network: the one public record of it that there is. */
import { readFileSync } from 'node:fs'

interface ConfluxRun {
  readonly nonce: string
  readonly ux: number
  readonly link_body: string
  readonly linked_bodies: readonly [string, string]
  readonly switches: readonly [
    {
      readonly leg: number
      readonly body: string
      readonly relative: number
      readonly leg_seq_after: number
      readonly delivered_then: number
    },
  ]
  /** DATA cells on each leg. */
  readonly cells_per_leg: readonly [number, number]
  /** The number of the last message that each leg brought. */
  readonly lastrecv: readonly [number, number]
  readonly delivered: number
  readonly max_ooo: number
}

const FILE = new URL('../vectors/conflux_live_tor_0_4_9_11.json', import.meta.url)

export const confluxVectors = JSON.parse(readFileSync(FILE, 'utf8')) as {
  readonly run_withheld_sendmes: ConfluxRun
}
