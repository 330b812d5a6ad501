/** The `key=value` words of a bridge line, for transports that take each key once. */
import type { BridgeLine } from '../linkspec/bridge-line.ts'
import { TorError } from '../util/errors.ts'

/** Throws `bad-config` for a key that stands twice: programs would differ on which of the two is meant. */
export function singleArgument({ transport, args }: BridgeLine, key: string): string | undefined {
  const values = args.filter(([name]) => name === key).map(([, value]) => value)
  if (values.length > 1) throw new TorError('bad-config', `a ${transport} bridge line has ${key}= once`)
  return values[0]
}

/** The members of a list with commas, without empty ones. */
export function listMembers(text: string): readonly string[] {
  return text
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '')
}
