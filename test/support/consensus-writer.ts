/** Writes the text of a microdescriptor consensus up to its signatures, with the lines that clients look at (dir-spec 3.4). */
import { formatTime, type TestAuthority } from './test-authority.ts'

const HOUR_MS = 3_600_000

/** Of a day in the life of the real network, so that exits and guards have their usual places. */
const USUAL_WEIGHTS =
  'Wbd=817 Wbe=0 Wbg=4040 Wbm=10000 Wdb=10000 Web=10000 Wed=8366 Wee=10000 Weg=8366 Wem=10000 Wgb=10000 Wgd=817 Wgg=5960 Wgm=5960 Wmb=10000 Wmd=817 Wme=0 Wmg=4040 Wmm=10000'

export interface ConsensusFields {
  readonly validAfterMs: number
  /** From one consensus to the next; it stays valid for three of them. */
  readonly intervalMs?: number
  readonly params?: string
  readonly weights?: string
  readonly authorities: readonly TestAuthority[]
  /** The lines of each relay, in ascending order of their identities. */
  readonly entries: readonly string[]
}

export function writeUnsignedConsensus(fields: ConsensusFields): string {
  const {
    validAfterMs,
    intervalMs = HOUR_MS,
    params = 'ExtendByEd25519ID=1 cc_alg=2 sendme_accept_min_version=1',
    weights = USUAL_WEIGHTS,
    authorities,
    entries,
  } = fields
  const sources = authorities.map(
    ({ nickname, identity }, at) =>
      `dir-source ${nickname} ${identity} 192.0.2.${at + 1} 192.0.2.${at + 1} 80 443\n` +
      `contact nobody\nvote-digest ${identity}\n`,
  )
  return `network-status-version 3 microdesc
vote-status consensus
consensus-method 35
valid-after ${formatTime(validAfterMs)}
fresh-until ${formatTime(validAfterMs + intervalMs)}
valid-until ${formatTime(validAfterMs + 3 * intervalMs)}
voting-delay 300 300
client-versions${' '}
server-versions${' '}
known-flags Authority BadExit Exit Fast Guard HSDir MiddleOnly NoEdConsensus Running Stable StaleDesc Sybil V2Dir Valid
recommended-client-protocols Cons=2 Desc=2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4 HSRend=2 Link=4-5 Microdesc=2 Relay=2-4
required-client-protocols Cons=2 Desc=2 FlowCtrl=1 Link=4 Microdesc=2 Relay=2
params ${params}
shared-rand-previous-value 9 B7WEEFCA6Jb1/tqV05207vqC/eJUlBPr7QemYm5FCCU=
shared-rand-current-value 9 zwbAmnMGie00x5rmWGk+lP2rTXK2n0OmkF/1Ih4LcAI=
${sources.join('')}${entries.join('')}directory-footer
bandwidth-weights ${weights}
`
}
