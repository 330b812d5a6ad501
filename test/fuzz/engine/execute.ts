/** Runs a target once and says how that ended. */
import { TorError } from '../../../core/util/errors.ts'
import type { FuzzTarget } from './target.ts'

export type Outcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'finding'; readonly what: string; readonly stack: string }

const ACCEPTED: Outcome = { kind: 'accepted' }
const REFUSED: Outcome = { kind: 'refused' }

/** An object must not have learnt anything by what was read. */
function pollution(): string | undefined {
  const fresh: object = {}
  for (const key in fresh) return key
  return undefined
}

export function judge(target: FuzzTarget, thrown: unknown): Outcome {
  if (thrown instanceof TorError && target.mayThrow.includes(thrown.kind)) return REFUSED
  if (!(thrown instanceof Error))
    return { kind: 'finding', what: 'something thrown that is no Error', stack: '' }
  const kind = thrown instanceof TorError ? ` of kind ${thrown.kind}` : ''
  return { kind: 'finding', what: `${thrown.name}${kind}: ${thrown.message}`, stack: thrown.stack ?? '' }
}

/** Awaits only what is a promise, so that most targets cost no turn of the loop. */
export function execute(target: FuzzTarget, input: Buffer): Outcome | Promise<Outcome> {
  try {
    const result = target.run(input)
    if (result instanceof Promise) return settle(target, result)
    return afterwards()
  } catch (thrown) {
    return judge(target, thrown)
  }
}

async function settle(target: FuzzTarget, result: Promise<unknown>): Promise<Outcome> {
  try {
    await result
    return afterwards()
  } catch (thrown) {
    return judge(target, thrown)
  }
}

function afterwards(): Outcome {
  const key = pollution()
  if (key === undefined) return ACCEPTED
  Reflect.deleteProperty(Object.prototype, key)
  return { kind: 'finding', what: `Object.prototype has got "${key}"`, stack: '' }
}

/** Two findings with one signature are one: what went wrong, without the numbers in it, and where. */
export function signatureOf({ what, stack }: Extract<Outcome, { kind: 'finding' }>): string {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line))
  const where = /at (?:async )?([^ (]+)/.exec(frames[0] ?? '')?.[1] ?? ''
  return `${what.replace(/[0-9]+/g, 'n').slice(0, 80)} @ ${where}`
}

/** Milliseconds of the processor's time that it takes. */
export async function cpuMsOf(task: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await task()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
