/**
 * A private Tor network of real `tor` processes on loopback: 3 authorities, 3 relays that are no exits, 3 exits, and the
 * one name server that the exits ask. Nothing of it touches any address but loopback.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findFreePorts, PortPool } from './free-ports.ts'
import { startNameServer } from './name-server.ts'
import { createAuthorityKeys, createRelayKeys } from './tor-keys.ts'
import { countMicrodescriptors, killNode, type NodeRecord, type NodeRole, startNode } from './tor-node.ts'
import { sleep, waitFor } from './waiting.ts'

export interface TorNetworkOptions {
  /** Consensus parameters, `name=value`. */
  readonly consensusParams?: readonly string[]
  /** Torrc lines added to every node of a role. */
  readonly extraLines?: Partial<Record<NodeRole, readonly string[]>>
  /** What is different about single nodes, by nickname. */
  readonly variations?: Readonly<Record<string, NodeVariation>>
  /** How often the authorities vote after the first consensus; once a day unless given. */
  readonly votingIntervalSeconds?: number
  /** Keeps the data directories after `stop`. */
  readonly keep?: boolean
}

export interface NodeVariation {
  /** A loopback address of its own: networks of addresses are what path rules look at. */
  readonly address?: string
  /** Replaces the policy of an exit. */
  readonly exitPolicy?: string
  /** Nicknames that the node declares as its family. */
  readonly family?: readonly string[]
}

/** What a test needs to know of the network; plain data, so that it can cross to the test's process. */
export interface TorNetworkRecord {
  readonly directory: string
  readonly nodes: readonly NodeRecord[]
  /** The `DirAuthority` lines, one per authority. */
  readonly authorityLines: readonly string[]
}

export interface TorNetwork extends TorNetworkRecord {
  stop(): void
}

/** Lines that make a client, C tor or ours, use this network. */
export function clientLines(network: TorNetworkRecord): string[] {
  return ['TestingTorNetwork 1', ...network.authorityLines]
}

const LAYOUT: readonly { readonly role: NodeRole; readonly nickname: string }[] = [
  ...['authority1', 'authority2', 'authority3'].map((nickname) => ({ role: 'authority' as const, nickname })),
  ...['relay1', 'relay2', 'relay3'].map((nickname) => ({ role: 'relay' as const, nickname })),
  ...['exit1', 'exit2', 'exit3'].map((nickname) => ({ role: 'exit' as const, nickname })),
]

const VOTING_INTERVAL_SECONDS = 15

/**
 * When the nodes start, in seconds into a voting interval. The first vote is four seconds before an interval's end; a vote
 * before the relays' descriptors have arrived leaves them out, and the next one is five minutes later.
 */
const START_SECOND = 12

/** From the start of the nodes to the first consensus, plus a second. */
const FIRST_CONSENSUS_AFTER_SECONDS = 2 * VOTING_INTERVAL_SECONDS - START_SECOND + 1

const CONSENSUS_LIMIT_MS = 45_000
const START_ATTEMPTS = 3

/** A destination address that every exit's policy refuses (RFC 5737: nobody lives there). */
export const REFUSED_BY_POLICY = '198.51.100.7'

const DEFAULT_EXIT_POLICY = `reject ${REFUSED_BY_POLICY}:*, accept *:*`

function assertInstalled(): void {
  try {
    execFileSync('tor', ['--version'], { stdio: 'ignore' })
    execFileSync('sh', ['-c', 'command -v tor-gencert'], { stdio: 'ignore' })
  } catch (cause) {
    throw new Error('the interop tests need the programs tor and tor-gencert: apt-get install tor', { cause })
  }
}

/** What every node's torrc has, a bridge's too. */
export function commonLines(node: NodeRecord): string[] {
  return [
    'TestingTorNetwork 1',
    `DataDirectory ${node.dataDirectory}`,
    `PidFile ${join(node.dataDirectory, 'pid')}`,
    `Log notice file ${join(node.dataDirectory, 'tor.log')}`,
    // Tor ends by itself, within seconds, when this process is gone without having ended it.
    `__OwningControllerProcess ${process.pid}`,
    `Nickname ${node.nickname}`,
    `Address ${node.address}`,
    `ORPort ${node.address}:${node.orPort}`,
    `ControlPort 127.0.0.1:${node.controlPort}`,
    'CookieAuthentication 0',
    'SocksPort 0',
    'AssumeReachable 1',
    'ProtocolWarnings 1',
    'SafeLogging 0',
    'ShutdownWaitLength 0',
    'NumCPUs 1',
    'Sandbox 0',
    // The nodes build no circuits of their own: what they warn of is then what a client did.
    '__DisablePredictedCircuits 1',
    // Nine processes that parse the country tables at once would miss the first vote.
    'GeoIPFile /dev/null',
    'GeoIPv6File /dev/null',
    'ContactInfo nobody@example.com',
  ]
}

/** One consensus serves the network's life unless a test asks: the next vote cannot change it under a test. */
function votingLines({ votingIntervalSeconds }: TorNetworkOptions): string[] {
  if (votingIntervalSeconds === undefined) return ['V3AuthVotingInterval 1 day']
  return [`V3AuthVotingInterval ${votingIntervalSeconds}`, 'V3AuthVoteDelay 4', 'V3AuthDistDelay 4']
}

/** A family is mutual only when both sides declare it. */
function familyLines(node: NodeRecord, options: TorNetworkOptions, nodes: readonly NodeRecord[]): string[] {
  const family = options.variations?.[node.nickname]?.family ?? []
  const members = nodes
    .filter(({ nickname }) => family.includes(nickname))
    .map(({ fingerprint }) => fingerprint)
  return members.length === 0 ? [] : [`MyFamily ${members.map((member) => `$${member}`).join(',')}`]
}

function roleLines(node: NodeRecord, options: TorNetworkOptions, directory: string): string[] {
  switch (node.role) {
    case 'authority':
      return [
        'AuthoritativeDirectory 1',
        'V3AuthoritativeDirectory 1',
        `DirPort 127.0.0.1:${node.dirPort}`,
        'ExitPolicy reject *:*',
        `TestingV3AuthInitialVotingInterval ${VOTING_INTERVAL_SECONDS}`,
        'TestingV3AuthInitialVoteDelay 2',
        'TestingV3AuthInitialDistDelay 2',
        ...votingLines(options),
        `V3BandwidthsFile ${join(directory, 'bandwidths')}`,
        'TestingDirAuthVoteHSDir *',
        ...(options.consensusParams?.length ? [`ConsensusParams ${options.consensusParams.join(' ')}`] : []),
      ]
    case 'relay':
      return ['ExitRelay 0', 'ExitPolicy reject *:*']
    case 'exit':
      return [
        'ExitRelay 1',
        'IPv6Exit 1',
        'ExitPolicyRejectPrivate 0',
        'ExitPolicyRejectLocalInterfaces 0',
        `ExitPolicy ${options.variations?.[node.nickname]?.exitPolicy ?? DEFAULT_EXIT_POLICY}`,
        `ServerDNSResolvConfFile ${join(directory, 'resolv.conf')}`,
        'ServerDNSAllowBrokenConfig 1',
        'ServerDNSDetectHijacking 0',
        'ServerDNSTestAddresses ""',
        'ServerDNSSearchDomains 0',
      ]
  }
}

/** Addresses, ports and keys for every node; nothing runs yet. */
async function layOut(
  directory: string,
  options: TorNetworkOptions,
): Promise<{ nodes: NodeRecord[]; authorityLines: string[] }> {
  const ports = new PortPool(await findFreePorts(LAYOUT.length * 3))
  const authorityLines: string[] = []
  const nodes = await Promise.all(
    LAYOUT.map(async ({ role, nickname }): Promise<NodeRecord> => {
      const dataDirectory = join(directory, nickname)
      const [orPort, controlPort] = [ports.take(), ports.take()]
      const dirPort = role === 'authority' ? ports.take() : 0
      const fingerprint = await createRelayKeys(dataDirectory, nickname)
      if (role === 'authority') {
        const v3 = await createAuthorityKeys(dataDirectory, `127.0.0.1:${dirPort}`)
        const flags = `orport=${orPort} v3ident=${v3}`
        authorityLines.push(`DirAuthority ${nickname} ${flags} 127.0.0.1:${dirPort} ${fingerprint}`)
      }
      const address = options.variations?.[nickname]?.address ?? '127.0.0.1'
      return { nickname, role, fingerprint, dataDirectory, address, orPort, dirPort, controlPort }
    }),
  )
  return { nodes, authorityLines: authorityLines.sort() }
}

/** What the authorities believe the nodes can carry: without it a young network's weights are all zero. */
function bandwidthFile(nodes: readonly NodeRecord[]): string {
  const lines = nodes.map(({ fingerprint }) => `node_id=$${fingerprint} bw=1000`)
  return `${Math.floor(Date.now() / 1000)}\n${lines.join('\n')}\n`
}

async function writeConfigs(
  network: TorNetworkRecord,
  options: TorNetworkOptions,
  nameServerPort: number,
): Promise<void> {
  const { directory, nodes } = network
  await writeFile(join(directory, 'resolv.conf'), `nameserver 127.0.0.1:${nameServerPort}\n`)
  await writeFile(join(directory, 'bandwidths'), bandwidthFile(nodes))
  // Guards are no exits here, so that a test can end one without the other.
  const guards = nodes.filter(({ role }) => role !== 'exit').map(({ fingerprint }) => fingerprint)
  for (const node of nodes) {
    const lines = [
      ...commonLines(node),
      // Relays that ask before there is a consensus wait ever longer between tries; these ask just after it.
      `TestingServerConsensusDownloadInitialDelay ${FIRST_CONSENSUS_AFTER_SECONDS}`,
      ...network.authorityLines,
      ...roleLines(node, options, directory),
      ...familyLines(node, options, nodes),
      ...(node.role === 'authority'
        ? [`TestingDirAuthVoteGuard ${guards.join(',')}`, 'TestingDirAuthVoteGuardIsStrict 1']
        : []),
      ...(options.extraLines?.[node.role] ?? []),
    ]
    await mkdir(node.dataDirectory, { recursive: true, mode: 0o700 })
    await writeFile(join(node.dataDirectory, 'torrc'), `${lines.join('\n')}\n`)
  }
}

async function untilStartSecond(): Promise<void> {
  const second = (Date.now() / 1000) % VOTING_INTERVAL_SECONDS
  await sleep(((START_SECOND - second + VOTING_INTERVAL_SECONDS) % VOTING_INTERVAL_SECONDS) * 1000)
}

/** How many relays the authority's microdescriptor consensus lists as running; 0 while there is none. */
async function countListedRelays(authority: NodeRecord): Promise<number> {
  const url = `http://127.0.0.1:${authority.dirPort}/tor/status-vote/current/consensus-microdesc`
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) })
    if (!response.ok) return 0
    return ((await response.text()).match(/^s .*\bRunning\b/gm) ?? []).length
  } catch {
    return 0
  }
}

/** Waits for a consensus that lists every node and for every node to have it; throws when the first vote missed some. */
async function untilUsable(network: TorNetworkRecord): Promise<void> {
  const total = network.nodes.length
  const [authority] = network.nodes
  if (authority === undefined) throw new Error('a network needs an authority')
  await waitFor(
    'a consensus',
    CONSENSUS_LIMIT_MS,
    async () => {
      const listed = await countListedRelays(authority)
      if (listed > 0 && listed < total) throw new Error(`the consensus lists ${listed} of ${total} relays`)
      return listed === total ? true : undefined
    },
    200,
  )
  await waitFor('every node to have the whole directory', CONSENSUS_LIMIT_MS, () =>
    network.nodes.every((node) => countMicrodescriptors(node) === total) ? true : undefined,
  )
}

async function startOnce(options: TorNetworkOptions): Promise<TorNetwork> {
  const directory = mkdtempSync(join(tmpdir(), 'allium-network-'))
  const nameServer = await startNameServer()
  let nodes: readonly NodeRecord[] = []
  let stopped = false
  const stop = (): void => {
    if (stopped) return
    stopped = true
    process.off('exit', stop)
    nodes.forEach(killNode)
    nameServer.close()
    if (options.keep !== true) rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
  }
  process.on('exit', stop)
  try {
    const laidOut = await layOut(directory, options)
    nodes = laidOut.nodes
    const network: TorNetworkRecord = { directory, ...laidOut }
    await writeConfigs(network, options, nameServer.port)
    await untilStartSecond()
    nodes.forEach(startNode)
    await untilUsable(network)
    return { ...network, stop }
  } catch (cause) {
    stop()
    throw cause
  }
}

/** Starts a network, about half a minute; the caller stops it, and so does the end of this process. */
export async function startTorNetwork(options: TorNetworkOptions = {}): Promise<TorNetwork> {
  assertInstalled()
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(options)
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw new Error('the private network did not start', { cause: error })
    }
  }
}
