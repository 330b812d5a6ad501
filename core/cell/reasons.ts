/** Why circuits (DESTROY and TRUNCATED, tor-spec 5.4) and streams (END, tor-spec 6.3) were closed. */

export const DestroyReason = {
  NONE: 0,
  PROTOCOL: 1,
  INTERNAL: 2,
  REQUESTED: 3,
  HIBERNATING: 4,
  RESOURCELIMIT: 5,
  CONNECTFAILED: 6,
  OR_IDENTITY: 7,
  CHANNEL_CLOSED: 8,
  FINISHED: 9,
  TIMEOUT: 10,
  DESTROYED: 11,
  NOSUCHSERVICE: 12,
} as const

/** A client sends only MISC and DONE: any other would tell the exit which software it talks to. */
export const EndReason = {
  MISC: 1,
  RESOLVEFAILED: 2,
  CONNECTREFUSED: 3,
  EXITPOLICY: 4,
  DESTROY: 5,
  DONE: 6,
  TIMEOUT: 7,
  NOROUTE: 8,
  HIBERNATING: 9,
  INTERNAL: 10,
  RESOURCELIMIT: 11,
  CONNRESET: 12,
  TORPROTOCOL: 13,
  NOTDIRECTORY: 14,
} as const

const DESTROY_TEXT: ReadonlyMap<number, string> = new Map([
  [DestroyReason.NONE, 'no reason given'],
  [DestroyReason.PROTOCOL, 'the relay saw a protocol violation'],
  [DestroyReason.INTERNAL, 'the relay had an internal error'],
  [DestroyReason.REQUESTED, 'closing was asked for'],
  [DestroyReason.HIBERNATING, 'the relay is hibernating'],
  [DestroyReason.RESOURCELIMIT, 'the relay is out of resources'],
  [DestroyReason.CONNECTFAILED, 'the next relay could not be reached'],
  [DestroyReason.OR_IDENTITY, 'the next relay has another identity than expected'],
  [DestroyReason.CHANNEL_CLOSED, 'the channel that carried the circuit was closed'],
  [DestroyReason.FINISHED, 'the circuit was too old'],
  [DestroyReason.TIMEOUT, 'the circuit took too long to build'],
  [DestroyReason.DESTROYED, 'a relay farther along closed the circuit'],
  [DestroyReason.NOSUCHSERVICE, 'there is no such onion service'],
])

const END_TEXT: ReadonlyMap<number, string> = new Map([
  [EndReason.MISC, 'no particular reason'],
  [EndReason.RESOLVEFAILED, 'the exit could not resolve the name'],
  [EndReason.CONNECTREFUSED, 'the destination refused the connection'],
  [EndReason.EXITPOLICY, "the exit's policy forbids the destination"],
  [EndReason.DESTROY, 'the circuit is being closed'],
  [EndReason.DONE, 'the connection was finished'],
  [EndReason.TIMEOUT, 'the connection timed out'],
  [EndReason.NOROUTE, 'the exit found no route to the destination'],
  [EndReason.HIBERNATING, 'the exit is hibernating'],
  [EndReason.INTERNAL, 'the exit had an internal error'],
  [EndReason.RESOURCELIMIT, 'the exit is out of resources'],
  [EndReason.CONNRESET, 'the destination reset the connection'],
  [EndReason.TORPROTOCOL, 'the exit saw a protocol violation'],
  [EndReason.NOTDIRECTORY, 'the relay is no directory'],
])

/** For people; a number that we do not know is said as a number. */
export function describeDestroyReason(reason: number): string {
  return DESTROY_TEXT.get(reason) ?? `unknown reason ${reason}`
}

/** For people; a number that we do not know is said as a number. */
export function describeEndReason(reason: number): string {
  return END_TEXT.get(reason) ?? `unknown reason ${reason}`
}
