/** One plain HTTP request with a known answer: who answers something else stands between us and the Internet. */
import { type IncomingMessage, request } from 'node:http'
import type { Clock } from '../../../core/index.ts'
import type { Probe, ProbeResult } from './probe.ts'

/** A known answer is a word or two; of another one nothing more is read. */
const MAX_BODY_BYTES = 2_048

export async function askHttp(
  { url, status, body }: Extract<Probe, { kind: 'http' }>,
  clock: Clock,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const sentMs = clock.wallMs()
  const answer = await send(url, signal)
  const halfWayMs = (sentMs + clock.wallMs()) / 2
  const got = await readBody(answer)
  const serverMs = Date.parse(answer.headers.date ?? '')
  return {
    kind: 'http',
    isExpected: answer.statusCode === status && got.trim() === body.trim(),
    status: answer.statusCode ?? 0,
    // Its date is the second that has begun: on average it was half of one earlier.
    clockAheadMs: Number.isNaN(serverMs) ? undefined : halfWayMs - (serverMs + 500),
  }
}

function send(url: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // As little as browsers send; a request without any name is turned away here and there.
    const headers = { 'user-agent': 'Mozilla/5.0', accept: '*/*', connection: 'close' }
    const asked = request(url, { agent: false, headers, signal }, resolve)
    asked.on('error', reject)
    asked.end()
  })
}

async function readBody(answer: IncomingMessage): Promise<string> {
  let text = ''
  answer.setEncoding('utf8')
  for await (const chunk of answer) {
    text += String(chunk)
    if (text.length > MAX_BODY_BYTES) break
  }
  answer.destroy()
  return text.slice(0, MAX_BODY_BYTES)
}
