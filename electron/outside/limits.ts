/** How much of what may wait or be under way, for main, the pages and the core host alike. */

/** At once: a transport has one or two under way, and there is one for each bridge that is tried. */
export const MAX_WEB_REQUESTS = 32
/** At once: a snowflake client that uses several proxies side by side has a handful. */
export const MAX_PEERS = 16
/** The largest that any transport sends is one poll of meek, 64 KiB. */
export const MAX_REQUEST_BYTES = 1_048_576
/** The largest that any transport reads is a list of bridges. */
export const MAX_RESPONSE_BYTES = 4_194_304

/** An offer or answer with a handful of candidates is some two kilobytes. */
export const MAX_SDP_CHARS = 65_536
/** What a peer may send as one message: as much as Chromium itself offers to take. */
export const MAX_RECEIVED_MESSAGE_BYTES = 262_144
/** What may be on the way to the peer, in the port and in the data channel, before `send` says that it is enough. */
export const SEND_WINDOW_BYTES = 65_536
/** The data channel's own part of that: below it, what was handed over counts as taken. */
export const CHANNEL_LOW_BYTES = 32_768
/** Who sends on for so long after `send` said that it is enough has a bug. */
export const MAX_UNSENT_BYTES = 4_194_304
/**
 * What may wait on the way from the peer. A data channel cannot be told to stop: a peer that has been faster than the
 * core for so long is cut off.
 */
export const MAX_UNREAD_BYTES = 16_777_216
/** The host says what it has taken each time that it is so much; much less than what may wait. */
export const TAKEN_STEP_BYTES = 65_536
/** The page likewise: less than half of the window, so that the host is never left waiting for the rest. */
export const HANDED_OVER_STEP_BYTES = 16_384
