/**
 * The arguments of a snowflake bridge line: how the broker is reached, what is asked of it, and who tells us what our
 * address looks like from outside. The words are those of the reference client; words that it does not know mean nothing
 * to it, and nothing here.
 */
import type { BridgeLine } from '../../linkspec/bridge-line.ts'
import { TorError } from '../../util/errors.ts'
import { isInternalAddress } from '../../util/internal-address.ts'
import { ampCacheUrl } from './amp-cache-url.ts'
import type { AwsCredentials } from './aws-signature.ts'

/** How the broker is reached. */
export type BrokerWay =
  | { readonly kind: 'https'; readonly broker: URL; readonly fronts: readonly string[] }
  | { readonly kind: 'amp'; readonly broker: URL; readonly cache: URL; readonly fronts: readonly string[] }
  | {
      readonly kind: 'sqs'
      readonly queue: URL
      readonly region: string
      readonly credentials: AwsCredentials
    }

export interface SnowflakeArguments {
  readonly way: BrokerWay
  /** The bridge that proxies are to lead to, as the broker knows it. */
  readonly fingerprint: string
  /** `stun:host` or `stun:host:port`. */
  readonly iceServers: readonly string[]
  /** How many proxies to have: one is used, and the others wait. */
  readonly maxPeers: number
}

/** What is wrong with the arguments. */
export type SnowflakeArgumentFault =
  | 'no-broker'
  | 'several-ways'
  | 'bad-url'
  | 'bad-front'
  | 'bad-sqs'
  | 'bad-fingerprint'
  | 'bad-max'
  | 'no-sni'

export class SnowflakeArgumentError extends TorError {
  readonly fault: SnowflakeArgumentFault

  constructor(fault: SnowflakeArgumentFault, message: string) {
    super('bad-config', message)
    this.fault = fault
  }
}

/** What the broker takes where nothing is said: the first bridge that there was. */
const DEFAULT_FINGERPRINT = '2B280B23E1107BB62ABFC40DDCC8824814F80A72'
/** Proxies are few and volunteers': nobody needs more in reserve. */
const MAX_PEERS = 4

const STUN_SERVER = /^stun:(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/
const HOST_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/
const SQS_HOST = /^sqs\.([A-Za-z0-9-]+)\.amazonaws\.com$/
const HEX_FINGERPRINT = /^[0-9A-Fa-f]{40}$/

/** Throws `SnowflakeArgumentError`. Its words carry no part of the line, which is a secret of the user's. */
export function parseSnowflakeArguments(line: BridgeLine): SnowflakeArguments {
  // As the reference does: of a word that comes twice, the first counts.
  const args = new Map([...line.args].reverse())
  refuseHiddenServerName(args)
  return {
    way: parseWay(args),
    fingerprint: parseFingerprint(args.get('fingerprint') ?? line.fingerprint ?? DEFAULT_FINGERPRINT),
    // Others are left out as in the reference: relays (`turn:`) and STUN over TLS are not for proxies to be reached by.
    iceServers: commaList(args.get('ice')).filter((server) => STUN_SERVER.test(server)),
    maxPeers: parseMax(args.get('max')),
  }
}

type Arguments = ReadonlyMap<string, string>

function parseWay(args: Arguments): BrokerWay {
  const [url, cache, queue] = [args.get('url'), args.get('ampcache'), args.get('sqsqueue')]
  if (queue !== undefined && queue !== '') {
    if (url !== undefined || cache !== undefined) {
      throw new SnowflakeArgumentError('several-ways', 'a snowflake bridge line has either url= or sqsqueue=')
    }
    return parseSqs(queue, args.get('sqscreds'))
  }
  if (url === undefined) {
    throw new SnowflakeArgumentError(
      'no-broker',
      'a snowflake bridge line has url= or sqsqueue=, by which the broker is reached',
    )
  }
  const broker = parseUrl(url, 'url=')
  const fronts = parseFronts(args)
  if (cache === undefined || cache === '') return { kind: 'https', broker, fronts }
  const way = { kind: 'amp', broker, cache: parseUrl(cache, 'ampcache='), fronts } as const
  ampCacheUrl(way.broker, way.cache)
  return way
}

/** A bad front shows the user to whom the line was to hide them from. */
function parseFronts(args: Arguments): readonly string[] {
  const fronts = commaList(args.get('fronts') ?? args.get('front'))
  if (!fronts.every((front) => HOST_NAME.test(front))) {
    throw new SnowflakeArgumentError(
      'bad-front',
      'front= and fronts= of a snowflake bridge line are host names',
    )
  }
  return fronts
}

function parseSqs(queueText: string, credentialsText: string | undefined): BrokerWay {
  const queue = parseUrl(queueText, 'sqsqueue=')
  const [, region] = SQS_HOST.exec(queue.hostname) ?? []
  if (region === undefined || queue.protocol !== 'https:' || queue.port !== '') {
    throw new SnowflakeArgumentError(
      'bad-sqs',
      'sqsqueue= of a snowflake bridge line is an address of Amazon SQS',
    )
  }
  return { kind: 'sqs', queue, region, credentials: parseCredentials(credentialsText) }
}

/** Base64 of JSON with the two halves of a key that is there for everybody's use. */
function parseCredentials(text: string | undefined): AwsCredentials {
  const fault = new SnowflakeArgumentError(
    'bad-sqs',
    'sqsqueue= of a snowflake bridge line needs a sqscreds=, which is base64 of an access key',
  )
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(text ?? '', 'base64').toString('utf8'))
  } catch {
    throw fault
  }
  if (typeof value !== 'object' || value === null) throw fault
  const fields = new Map<string, unknown>(Object.entries(value))
  const [accessKeyId, secretKey] = [fields.get('aws-access-key-id'), fields.get('aws-secret-key')]
  if (typeof accessKeyId !== 'string' || typeof secretKey !== 'string') throw fault
  if (!/^[A-Za-z0-9]{1,128}$/.test(accessKeyId) || secretKey === '') throw fault
  return { accessKeyId, secretKey }
}

function parseUrl(text: string, word: string): URL {
  const fault = new SnowflakeArgumentError(
    'bad-url',
    `${word} of a snowflake bridge line is an https: address`,
  )
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw fault
  }
  // In the clear, whoever is on the way reads what is asked; a test network of one's own has nothing to hide.
  const isOwn = isInternalAddress(url.hostname) || url.hostname === 'localhost'
  const isAllowed = url.protocol === 'https:' || (url.protocol === 'http:' && isOwn)
  if (!isAllowed || url.username !== '' || url.password !== '') throw fault
  return url
}

function parseFingerprint(text: string): string {
  if (!HEX_FINGERPRINT.test(text)) {
    throw new SnowflakeArgumentError(
      'bad-fingerprint',
      'fingerprint= of a snowflake bridge line has 40 hexadecimal digits',
    )
  }
  return text.toUpperCase()
}

function parseMax(text = '1'): number {
  if (!/^[+-]?[0-9]{1,9}$/.test(text)) {
    throw new SnowflakeArgumentError('bad-max', 'max= of a snowflake bridge line is a number')
  }
  return Math.min(MAX_PEERS, Math.max(1, Number(text)))
}

/**
 * `utls-imitate=` asks to look like a browser, and no browser leaves the server's name out of its hello. Sending it
 * against the line's will could show what it was to hide.
 */
function refuseHiddenServerName(args: Arguments): void {
  const isAsked = /^(?:true|yes)$/i.test(args.get('utls-nosni') ?? '')
  if (!isAsked || (args.get('utls-imitate') ?? '') === '') return
  throw new SnowflakeArgumentError(
    'no-sni',
    'utls-nosni= of a snowflake bridge line cannot be obeyed: this program always names the server',
  )
}

function commaList(text = ''): readonly string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
}
