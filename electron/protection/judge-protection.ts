/** From what was seen to verdicts, each with the one thing to do about it. Pure. */
import type {
  ProtectionCheck,
  ProtectionFinding,
  ProtectionFix,
  ProtectionResult,
  ProtectionVerdict,
} from '../ipc/snapshot.ts'

/** What came of asking something; an error is told by its kind alone, for its words could name a host. */
export type Asked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly kind: string }

export interface ProtectionEvidence {
  /** A real stream went through, and nothing newer says otherwise; else nothing was asked. */
  readonly isConnected: boolean
  readonly stream:
    | Asked<{ readonly isTor: boolean | undefined; readonly address: string | undefined }>
    | undefined
  readonly resolve: Asked<{ readonly addresses: readonly string[] }> | undefined
  readonly systemProxy: {
    readonly isWanted: boolean
    readonly hasBackend: boolean
    readonly readBack: 'ours' | 'changed' | 'off' | 'unknown'
  }
}

type Judgement = readonly [
  verdict: ProtectionVerdict,
  fix: ProtectionFix,
  detail?: string,
  finding?: ProtectionFinding,
]

/** The service was reached, or its address cannot be: asking again brings the same. */
const SERVICE_FAULTS: ReadonlySet<string> = new Set([
  'malformed',
  'bad-target',
  'bad-config',
  'not-allowed',
  'blocked',
  'resolve-failed',
])

export function judgeProtection(evidence: ProtectionEvidence): readonly ProtectionResult[] {
  return [
    result('stream', judgeStream(evidence)),
    result('exit', judgeExit(evidence)),
    result('system-proxy', judgeSystemProxy(evidence)),
    result('dns', judgeDns(evidence)),
  ]
}

function result(check: ProtectionCheck, [verdict, fix, detail, finding]: Judgement): ProtectionResult {
  return { check, verdict, fix, detail, finding }
}

function judgeStream({ isConnected, stream }: ProtectionEvidence): Judgement {
  if (!isConnected || stream === undefined) return ['bad', 'connect', 'not connected']
  if (isImpostor(stream)) return ['bad', 'new-identity', 'wrong-identity', 'impostor']
  if (!stream.ok) return failedToAsk(stream.kind)
  switch (stream.value.isTor) {
    case true:
      return ['good', 'none']
    case false:
      return ['bad', 'new-identity', 'the check service does not take the address for one of Tor']
    case undefined:
      return ['unknown', 'change-check-address', 'the check service does not say whether this is Tor']
  }
}

function judgeExit({ isConnected, stream }: ProtectionEvidence): Judgement {
  if (!isConnected || stream === undefined) return ['unknown', 'connect', 'not connected']
  if (isImpostor(stream)) return ['unknown', 'new-identity', 'wrong-identity', 'impostor']
  if (!stream.ok) return failedToAsk(stream.kind)
  const { address, isTor } = stream.value
  if (address === undefined) return ['unknown', 'change-check-address', 'the check service names no address']
  return isTor === false ? ['bad', 'new-identity', 'no address of Tor'] : ['good', 'none']
}

function judgeSystemProxy({ isConnected, systemProxy }: ProtectionEvidence): Judgement {
  const { isWanted, hasBackend, readBack } = systemProxy
  // Each program has to be told then, and told to leave the names to us.
  if (!hasBackend) return [isWanted ? 'bad' : 'not-used', 'use-proxy-with-names', 'no setting that we know']
  if (!isWanted) return ['not-used', 'turn-on-system-proxy']
  switch (readBack) {
    case 'ours':
      return ['good', 'none']
    case 'changed':
      return ['bad', 'reapply-system-proxy', 'something else changed the setting']
    case 'off':
      return ['bad', isConnected ? 'reapply-system-proxy' : 'connect', 'the setting is not in force']
    case 'unknown':
      return ['unknown', 'wait-and-retry', 'the setting could not be read']
  }
}

/**
 * Two things make names safe: that our way of resolving them works, and that programs leave them to us. An HTTP proxy
 * is given names and never addresses, so the system proxy does the second for those that follow it.
 */
function judgeDns({ isConnected, resolve, systemProxy }: ProtectionEvidence): Judgement {
  if (!isConnected || resolve === undefined) return ['unknown', 'connect', 'not connected']
  if (!resolve.ok) return failedToAsk(resolve.kind)
  if (resolve.value.addresses.length === 0) return ['unknown', 'change-check-address', 'no address']
  if (!systemProxy.isWanted || !systemProxy.hasBackend) {
    return ['unknown', 'use-proxy-with-names', 'programs that resolve names themselves go past us']
  }
  switch (systemProxy.readBack) {
    case 'ours':
      return ['good', 'none']
    case 'changed':
    case 'off':
      return ['bad', 'reapply-system-proxy', 'programs are not told to leave names to us']
    case 'unknown':
      return ['unknown', 'wait-and-retry', 'the setting could not be read']
  }
}

/** The exit, or somebody behind it: another exit, and the check tells again. What it said of us counts for nothing. */
function isImpostor(stream: NonNullable<ProtectionEvidence['stream']>): boolean {
  return !stream.ok && stream.kind === 'wrong-identity'
}

function failedToAsk(kind: string): Judgement {
  return ['unknown', SERVICE_FAULTS.has(kind) ? 'change-check-address' : 'wait-and-retry', kind]
}
