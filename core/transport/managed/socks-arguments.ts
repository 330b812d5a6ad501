/**
 * The arguments of a bridge line as a plugin takes them with each connection: one text, which SOCKS5 carries as a user
 * name and a password and SOCKS4 as a user id (pt-spec 3.5).
 */
import type { BridgeLine } from '../../linkspec/bridge-line.ts'
import { TorError } from '../../util/errors.ts'

/** RFC 1929 has one byte for each length. */
const MAX_FIELD_BYTES = 255
export const MAX_SOCKS_ARGUMENT_BYTES = 2 * MAX_FIELD_BYTES

export interface SocksLogin {
  readonly username: Buffer
  readonly password: Buffer
}

/** `k=v` pairs with semicolons between them; empty without arguments. Throws `bad-config` for what does not fit. */
export function joinSocksArguments(args: BridgeLine['args']): Buffer {
  const joined = Buffer.from(args.map(([key, value]) => escaped(`${key}=${value}`)).join(';'))
  if (joined.length > MAX_SOCKS_ARGUMENT_BYTES) {
    throw new TorError(
      'bad-config',
      `the arguments of a bridge line have at most ${MAX_SOCKS_ARGUMENT_BYTES} bytes for a transport plugin`,
    )
  }
  return joined
}

/** Undefined for no arguments: then there is nothing to log in with. A password has at least one byte. */
export function splitForSocks5(joined: Buffer): SocksLogin | undefined {
  if (joined.length === 0) return undefined
  const rest = joined.subarray(MAX_FIELD_BYTES)
  return {
    username: joined.subarray(0, MAX_FIELD_BYTES),
    password: rest.length === 0 ? Buffer.of(0) : rest,
  }
}

function escaped(text: string): string {
  return text.replace(/[\\;]/g, String.raw`\$&`)
}
