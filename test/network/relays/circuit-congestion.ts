/**
 * The relay's part in agreeing on congestion control (proposal 324, section 10), read and written here without the
 * client's codec: a list of extensions is a count and then type, length and body of each.
 */
import type { CongestionFault } from '../faults/fault.ts'

const CC_REQUEST = 1
const CC_RESPONSE = 2

/** What the consensus says by default. */
const INCREMENT = 31

const NO_EXTENSIONS = Buffer.of(0)

export interface CongestionAnswer {
  /** For the client, inside ntor-v3. */
  readonly message: Buffer
  /** DATA cells for each SENDME; undefined leaves windows fixed. */
  readonly increment: number | undefined
}

export function answerCongestion(
  clientMessage: Buffer,
  fault: CongestionFault | undefined,
): CongestionAnswer {
  const isAsked = extensionTypes(clientMessage).includes(CC_REQUEST)
  switch (fault) {
    case undefined:
      return isAsked ? grant(INCREMENT) : { message: NO_EXTENSIONS, increment: undefined }
    case 'not-granted':
      return { message: NO_EXTENSIONS, increment: undefined }
    case 'unasked':
      return isAsked ? { message: Buffer.of(1, 9, 0), increment: undefined } : grant(INCREMENT)
    case 'increment-too-large':
      return grant(2 * INCREMENT)
    case 'increment-zero':
      return grant(0)
    case 'without-increment':
      return { message: Buffer.of(1, CC_RESPONSE, 0), increment: undefined }
  }
}

function grant(increment: number): CongestionAnswer {
  return { message: Buffer.of(1, CC_RESPONSE, 1, increment), increment }
}

function extensionTypes(list: Buffer): number[] {
  const types: number[] = []
  let at = 1
  for (let left = list[0] ?? 0; left > 0; left--) {
    types.push(list.readUInt8(at))
    at += 2 + list.readUInt8(at + 1)
  }
  return types
}
