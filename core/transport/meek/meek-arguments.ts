/**
 * The arguments of a meek_lite bridge line: where its requests go. `url=` with `front=`, or `targets=` with groups of
 * `URL|FRONT+FRONT` between commas, as lyrebird 0.8 has them. Others (`utls=`) mean nothing here: what the TLS hello looks
 * like is the program's business. The line's own address is never dialled.
 */
import type { BridgeLine } from '../../linkspec/bridge-line.ts'
import { TorError } from '../../util/errors.ts'
import { listMembers, singleArgument } from '../line-arguments.ts'
import { parseFront, parseWebUrl } from '../web/web-target.ts'

/** One way to the server. */
export interface MeekTarget {
  readonly url: string
  /** The name, with a port if need be, that is dialled and shown; undefined: the URL's own. */
  readonly front: string | undefined
}

/** Nobody has so many; each is tried in its turn. */
const MAX_TARGETS = 64

/** At least one. Throws `bad-config`, in words without any part of the line, which is a secret of the user's. */
export function parseMeekArguments(line: BridgeLine): readonly MeekTarget[] {
  const groups = singleArgument(line, 'targets')
  const targets = groups === undefined ? fromUrl(line) : listMembers(groups).flatMap(fromGroup)
  if (targets.length === 0) {
    throw new TorError('bad-config', 'a meek_lite bridge line has a url= or targets=, where its server is')
  }
  if (targets.length > MAX_TARGETS) {
    throw new TorError('bad-config', `a meek_lite bridge line has at most ${MAX_TARGETS} targets`)
  }
  for (const { url, front } of targets) {
    parseWebUrl(url)
    if (front !== undefined) parseFront(front)
  }
  return targets
}

function fromUrl(line: BridgeLine): readonly MeekTarget[] {
  const url = singleArgument(line, 'url')
  if (url === undefined) return []
  return withFronts(url, listMembers(singleArgument(line, 'front') ?? singleArgument(line, 'fronts') ?? ''))
}

function fromGroup(group: string): readonly MeekTarget[] {
  const [url = '', fronts = '', ...more] = group.split('|')
  if (more.length > 0) {
    throw new TorError('bad-config', 'a target of a meek_lite bridge line is URL|FRONT+FRONT')
  }
  return withFronts(
    url,
    fronts.split('+').filter((front) => front !== ''),
  )
}

function withFronts(url: string, fronts: readonly string[]): readonly MeekTarget[] {
  return fronts.length === 0 ? [{ url, front: undefined }] : fronts.map((front) => ({ url, front }))
}
