/** Does one probe within its limit in time; a failure is a result, for it is what the doctor wants to know. */
import { lookup } from 'node:dns/promises'
import { isIP, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { connect as connectTls } from 'node:tls'
import { type Clock, systemCodeOf } from '../../../core/index.ts'
import { dial } from './dial.ts'
import { askHttp } from './http-probe.ts'
import { viewLinks } from './links.ts'
import type { Probe, ProbeFailure, ProbeResult } from './probe.ts'
import { askStun } from './stun-probe.ts'

/** Long for a network that works, short for the person who waits. */
export const PROBE_LIMIT_MS = 5_000

/** What a resolver of one's own network has for a name at most. */
const MAX_ADDRESSES = 50

/** Never rejects, and leaves nothing open. */
export async function runProbe(
  probe: Probe,
  clock: Clock,
  limitMs: number = PROBE_LIMIT_MS,
): Promise<ProbeResult> {
  const end = new AbortController()
  const timer = clock.setTimer(limitMs, () => end.abort())
  try {
    return await ask(probe, clock, end.signal)
  } catch (error) {
    return { kind: 'failed', why: end.signal.aborted ? 'timeout' : failureOf(error) }
  } finally {
    timer.cancel()
    end.abort()
  }
}

async function ask(probe: Probe, clock: Clock, signal: AbortSignal): Promise<ProbeResult> {
  switch (probe.kind) {
    case 'link':
      return viewLinks(networkInterfaces())
    case 'http':
      return askHttp(probe, clock, signal)
    case 'resolve':
      return { kind: 'resolved', addresses: await resolveName(probe.name, signal) }
    case 'tcp': {
      const socket = await dial(probe, clock, signal)
      socket.destroy()
      return { kind: 'reached' }
    }
    case 'tls': {
      const socket = await dial(probe, clock, signal)
      await agreeOnTls(socket, probe, signal)
      return { kind: 'reached' }
    }
    case 'stun': {
      const [address] = isIP(probe.host) === 0 ? await resolveName(probe.host, signal) : [probe.host]
      await askStun(address ?? probe.host, probe.port, signal)
      return { kind: 'reached' }
    }
  }
}

/** The system's resolver cannot be interrupted: its answer is not waited for then. */
async function resolveName(name: string, signal: AbortSignal): Promise<readonly string[]> {
  const answers = await orAbort(lookup(name, { all: true }), signal)
  return answers.slice(0, MAX_ADDRESSES).map(({ address }) => address)
}

function orAbort<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('no answer in time')), { once: true })
    work.then(resolve, reject)
  })
}

function agreeOnTls(
  socket: Socket,
  { name, ca }: Extract<Probe, { kind: 'tls' }>,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const tls = connectTls({
      socket,
      servername: name,
      ALPNProtocols: ['h2', 'http/1.1'],
      ...(ca === null ? {} : { ca }),
    })
    const finish = (error?: unknown): void => {
      tls.destroy()
      socket.destroy()
      if (error === undefined) resolve()
      else reject(error)
    }
    signal.addEventListener('abort', () => finish(new Error('no answer in time')), { once: true })
    tls.on('error', finish)
    tls.once('close', () => finish(Object.assign(new Error('closed'), { code: 'ECONNRESET' })))
    tls.once('secureConnect', () => finish())
  })
}

const BY_CODE: Readonly<Record<string, ProbeFailure>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ENETDOWN: 'unreachable',
  EPERM: 'unreachable',
  EACCES: 'unreachable',
  ENOTFOUND: 'no-name',
  EAI_NONAME: 'no-name',
  EAI_NODATA: 'no-name',
  EAI_AGAIN: 'no-resolver',
  EAI_FAIL: 'no-resolver',
  CERT_NOT_YET_VALID: 'bad-date',
  CERT_HAS_EXPIRED: 'bad-date',
}
const CERTIFICATE = /CERT|UNABLE_TO_|SELF_SIGNED|ALTNAME|INVALID_CA|INVALID_PURPOSE/

function failureOf(error: unknown): ProbeFailure {
  const kind: unknown = error instanceof Error ? Reflect.get(error, 'kind') : undefined
  if (kind === 'proxy-failed' || kind === 'bad-config') return 'proxy'
  const code = systemCodeOf(error) ?? ''
  return BY_CODE[code] ?? (CERTIFICATE.test(code) ? 'bad-certificate' : 'other')
}
