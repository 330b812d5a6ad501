/** How directory caches pack what they send: the best that both sides have (dir-spec 6.1). */
import { deflateSync, gzipSync } from 'node:zlib'
import { packZstd } from '../../support/zstd.ts'

export type Packing = 'identity' | 'deflate' | 'gzip' | 'x-zstd'

type Pack = (bytes: Buffer) => Buffer

const identity: Pack = (bytes) => bytes

/** Best first; zstd where this Node has it. */
const PACKERS: readonly (readonly [Packing, Pack])[] = [
  ...(packZstd === undefined ? [] : [['x-zstd', packZstd] as const]),
  ['deflate', (bytes) => deflateSync(bytes)],
  ['gzip', (bytes) => gzipSync(bytes)],
]

/** Whether the caches of this process can pack so at all. */
export function canPack(packing: Packing): boolean {
  return packing === 'identity' || PACKERS.some(([name]) => name === packing)
}

/** `accepted` is what the client says that it reads; a `.z` at the end of a name asks for deflate where it says nothing. */
export function choosePacking(
  accepted: string | undefined,
  isDeflated: boolean,
  mayUseZstd: boolean,
): { readonly packing: Packing; readonly pack: Pack } {
  const named = accepted?.split(/[ ,]+/) ?? (isDeflated ? ['deflate'] : [])
  const [packing, pack] =
    PACKERS.find(([name]) => named.includes(name) && (mayUseZstd || name !== 'x-zstd')) ??
    (['identity', identity] as const)
  return { packing, pack }
}
