/** Asks a check service, through the core, how the Internet sees us. What it answers is held against a schema. */
import * as v from 'valibot'
import { systemCodeOf, type TorClient, TorError } from '../../core/index.ts'
import type { HostResult } from './protocol.ts'

/** The answer has two fields; more is not one. */
const MAX_ANSWER_BYTES = 64 * 1024
/** Behind a slow exit; the person waits for it. */
const LIMIT_MS = 30_000

/** check.torproject.org's: `{"IsTor":true,"IP":"192.0.2.1"}`. */
const answerSchema = v.object({
  IsTor: v.optional(v.boolean()),
  IP: v.optional(v.pipe(v.string(), v.ip())),
})

/** `isolation` is new with each check: an old circuit could only tell what was. */
export async function checkStream(
  client: Pick<TorClient, 'requestUrl'>,
  url: string,
  isolation: readonly string[],
): Promise<HostResult<'check.stream'>> {
  const { status, body } = await client
    .requestUrl(url, {
      isolation,
      headers: { accept: 'application/json' },
      maxBodyBytes: MAX_ANSWER_BYTES,
      signal: AbortSignal.timeout(LIMIT_MS),
    })
    .catch((error: unknown) => {
      throw isCertificateError(error)
        ? new TorError('wrong-identity', 'the check service has no valid certificate', { cause: error })
        : error
    })
  if (status !== 200) throw new TorError('malformed', `the check service answered with status ${status}`)
  const answer = v.safeParse(answerSchema, parseJson(body))
  if (!answer.success) throw new TorError('malformed', 'the check service answered something else')
  return { isTor: answer.output.IsTor, address: answer.output.IP }
}

/** What Node says of certificates that do not hold: an exit, or somebody behind it, plays the service's part. */
const CERTIFICATE_CODES =
  /CERT|UNABLE_TO_(?:GET|VERIFY|DECODE|DECRYPT)|SELF_SIGNED|INVALID_(?:CA|PURPOSE)|HOSTNAME_MISMATCH/

function isCertificateError(error: unknown): boolean {
  return CERTIFICATE_CODES.test(systemCodeOf(error) ?? '')
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
