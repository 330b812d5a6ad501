/**
 * MapAddress: hosts that are replaced before anything else is done with them. Pure. The rules are C tor's: a rule for
 * `*.domain` is for the domain and everything below it, an exact rule goes before those, the most specific of them
 * before the others, the last of two for the same before the first; and the result is looked up again until nothing
 * matches.
 */
import { TorError } from '../util/errors.ts'
import { parseStreamHost } from './stream-target.ts'

export interface AddressMapEntry {
  readonly from: string
  readonly to: string
}

/** Honest chains have one or two steps. */
const MAX_REWRITES = 16

/** Enough for a list that a person keeps; each costs a few hundred bytes. */
const MAX_ENTRIES = 10_000

const WILDCARD = '*.'

interface Rule {
  /** The host, or the domain of a wildcard. */
  readonly from: string
  readonly isWildcard: boolean
  readonly to: string
  /** `*.a` to `*.b`: what stands before the domain is kept. */
  readonly keepsFront: boolean
}

export class AddressMap {
  readonly #exact = new Map<string, Rule>()
  readonly #wildcards = new Map<string, Rule>()

  /** Throws `bad-config`, in words, for a rule that cannot be read, and for rules that lead in a circle. */
  constructor(entries: readonly AddressMapEntry[]) {
    if (entries.length > MAX_ENTRIES) throw badMap(`more than ${MAX_ENTRIES} entries`)
    for (const rule of entries.map(parseRule)) {
      const table = rule.isWildcard ? this.#wildcards : this.#exact
      table.set(rule.from, rule)
    }
    for (const rule of [...this.#exact.values(), ...this.#wildcards.values()]) this.#checkEnds(rule)
  }

  get isEmpty(): boolean {
    return this.#exact.size + this.#wildcards.size === 0
  }

  /** One step, or undefined when no rule is for this host. `host` is checked and in lower case. */
  rewriteOnce(host: string): string | undefined {
    const rule = this.#ruleFor(host)
    if (rule === undefined) return undefined
    const to = rule.keepsFront ? host.slice(0, host.length - rule.from.length) + rule.to : rule.to
    return to === host ? undefined : to
  }

  #ruleFor(host: string): Rule | undefined {
    const exact = this.#exact.get(host)
    if (exact !== undefined || this.#wildcards.size === 0) return exact
    for (let at = 0; ; ) {
      const rule = this.#wildcards.get(host.slice(at))
      if (rule !== undefined) return rule
      const dot = host.indexOf('.', at)
      if (dot < 0) return undefined
      at = dot + 1
    }
  }

  /** Follows the rule from its own name, and from one below it. */
  #checkEnds(rule: Rule): void {
    const samples = rule.isWildcard ? [rule.from, `x.${rule.from}`] : [rule.from]
    for (const sample of samples) {
      try {
        followRewrites(sample, (host) => this.rewriteOnce(host))
      } catch {
        throw badMap(`the entry for ${rule.isWildcard ? WILDCARD : ''}${rule.from} leads in a circle`)
      }
    }
  }
}

/**
 * Applies `step` until it has nothing more to say. Throws `bad-target` when there is no end to it: what the check of
 * the rules could not see must not keep us busy for ever.
 */
export function followRewrites(host: string, step: (host: string) => string | undefined): string {
  let current = host
  for (let rewrites = 0; rewrites < MAX_REWRITES; rewrites++) {
    const next = step(current)
    if (next === undefined) return current
    current = parseStreamHost(next).host
  }
  throw new TorError('bad-target', `the address map leads on and on: more than ${MAX_REWRITES} steps`)
}

function parseRule({ from, to }: AddressMapEntry): Rule {
  const isWildcard = from.startsWith(WILDCARD)
  const keepsFront = to.startsWith(WILDCARD)
  if (keepsFront && !isWildcard) throw badMap(`${from} is one address and cannot become all of ${to}`)
  return {
    from: parseHost(isWildcard ? from.slice(WILDCARD.length) : from, from),
    isWildcard,
    to: parseHost(keepsFront ? to.slice(WILDCARD.length) : to, to),
    keepsFront,
  }
}

function parseHost(text: string, shown: string): string {
  let host: ReturnType<typeof parseStreamHost>
  try {
    host = parseStreamHost(text)
  } catch {
    throw badMap(`${shown} is neither an address nor a host name nor a wildcard of the form *.domain`)
  }
  if (text.includes('*')) throw badMap(`${shown}: a wildcard must be *. and a whole domain`)
  if (shown !== text && host.kind !== 'name' && host.kind !== 'onion') {
    throw badMap(`${shown}: there is nothing below an IP address`)
  }
  if (host.host === 'exit' || host.host.endsWith('.exit')) {
    throw badMap(`${shown}: choosing the exit by a .exit name is not allowed`)
  }
  return host.host
}

function badMap(text: string): TorError {
  return new TorError('bad-config', `MapAddress: ${text}`)
}
