/**
 * The numbers of channel commands (tor-spec 3) and relay commands (tor-spec 6.1, rend-spec, proposals 324 and 329),
 * and the sizes of a cell. Names are the specification's.
 */

export const ChannelCommand = {
  PADDING: 0,
  CREATE: 1,
  CREATED: 2,
  RELAY: 3,
  DESTROY: 4,
  CREATE_FAST: 5,
  CREATED_FAST: 6,
  VERSIONS: 7,
  NETINFO: 8,
  RELAY_EARLY: 9,
  CREATE2: 10,
  CREATED2: 11,
  PADDING_NEGOTIATE: 12,
  VPADDING: 128,
  CERTS: 129,
  AUTH_CHALLENGE: 130,
  AUTHENTICATE: 131,
  AUTHORIZE: 132,
} as const

export const RelayCommand = {
  BEGIN: 1,
  DATA: 2,
  END: 3,
  CONNECTED: 4,
  SENDME: 5,
  EXTEND: 6,
  EXTENDED: 7,
  TRUNCATE: 8,
  TRUNCATED: 9,
  DROP: 10,
  RESOLVE: 11,
  RESOLVED: 12,
  BEGIN_DIR: 13,
  EXTEND2: 14,
  EXTENDED2: 15,
  CONFLUX_LINK: 19,
  CONFLUX_LINKED: 20,
  CONFLUX_LINKED_ACK: 21,
  CONFLUX_SWITCH: 22,
  ESTABLISH_INTRO: 32,
  ESTABLISH_RENDEZVOUS: 33,
  INTRODUCE1: 34,
  INTRODUCE2: 35,
  RENDEZVOUS1: 36,
  RENDEZVOUS2: 37,
  INTRO_ESTABLISHED: 38,
  RENDEZVOUS_ESTABLISHED: 39,
  INTRODUCE_ACK: 40,
  PADDING_NEGOTIATE: 41,
  PADDING_NEGOTIATED: 42,
  XOFF: 43,
  XON: 44,
} as const

/** Body of a fixed-length cell. */
export const CELL_BODY_BYTES = 509
/** A fixed-length cell with its 4-byte circuit id and its command. */
export const CELL_BYTES = 514
/** Circuit id and command in front of the body, once 4-byte circuit ids are agreed (link protocol 4 and up). */
export const CELL_HEADER_BYTES = 5

/** Offsets into the body of a relay cell of format 0 (tor-spec 6.1). */
export const RELAY_COMMAND_OFFSET = 0
export const RELAY_RECOGNIZED_OFFSET = 1
export const RELAY_STREAM_ID_OFFSET = 3
export const RELAY_LENGTH_OFFSET = 9
export const RELAY_HEADER_BYTES = 11
/** The most that a relay cell of format 0 carries. */
export const RELAY_DATA_MAX_BYTES = CELL_BODY_BYTES - RELAY_HEADER_BYTES

const CHANNEL_NAMES = namesOf(ChannelCommand)
const RELAY_NAMES = namesOf(RelayCommand)
const FIRST_VARIABLE_COMMAND = 128

/** Whether cells of this channel command carry their own length (tor-spec 3). */
export function isVariableLength(command: number): boolean {
  return command === ChannelCommand.VERSIONS || command >= FIRST_VARIABLE_COMMAND
}

/** For logs and errors. */
export function channelCommandName(command: number): string {
  return CHANNEL_NAMES.get(command) ?? `channel command ${command}`
}

/** For logs and errors. */
export function relayCommandName(command: number): string {
  return RELAY_NAMES.get(command) ?? `relay command ${command}`
}

function namesOf(numbers: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(numbers).map(([name, number]) => [number, name]))
}
