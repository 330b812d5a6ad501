/** Signs requests to Amazon's web services ("Signature Version 4"). */
import { hmacSha256, sha256 } from '../../crypto/hash.ts'
import { msToUtc } from '../../util/calendar.ts'

export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretKey: string
}

export interface AwsRequest {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  /** Without Host, the date and the signature. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  readonly region: string
  readonly service: string
}

/** The headers to send beside Host. `wallMs` must be right within a quarter of an hour. */
export function signAwsRequest(
  { method, url, headers, body, region, service }: AwsRequest,
  { accessKeyId, secretKey }: AwsCredentials,
  wallMs: number,
): readonly (readonly [name: string, value: string])[] {
  const time = awsTime(wallMs)
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`
  const toSend = [...headers, ['X-Amz-Date', time] as const]
  const signed = [...toSend, ['Host', url.host] as const]
    .map(([name, value]) => [name.toLowerCase(), value.trim()] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const names = signed.map(([name]) => name).join(';')
  const lines = signed.map(([name, value]) => `${name}:${value}\n`).join('')
  const canonical = [method, url.pathname, url.search.slice(1), lines, names, sha256Hex(body)].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256Hex(canonical)].join('\n')
  const signature = hmacSha256(awsSigningKey(secretKey, scope), Buffer.from(toSign)).toString('hex')
  const credential = `Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`
  return [...toSend, ['Authorization', `AWS4-HMAC-SHA256 ${credential}`]]
}

/** `scope`: the day, the region, the service and `aws4_request`, with slashes between. */
export function awsSigningKey(secretKey: string, scope: string): Buffer {
  return scope
    .split('/')
    .reduce<Buffer>((key, part) => hmacSha256(key, Buffer.from(part)), Buffer.from(`AWS4${secretKey}`))
}

/** `20150830T123600Z` */
function awsTime(wallMs: number): string {
  const { year, month, day, hour, minute, second } = msToUtc(wallMs)
  const digits = [month, day, hour, minute, second].map((part) => String(part).padStart(2, '0'))
  return `${String(year).padStart(4, '0')}${digits.slice(0, 2).join('')}T${digits.slice(2).join('')}Z`
}

function sha256Hex(data: Buffer | string): string {
  return sha256(typeof data === 'string' ? Buffer.from(data) : data).toString('hex')
}
