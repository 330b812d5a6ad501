/**
 * What the language and its runtime make easy to get wrong, held down by looking at the sources: the rules that a linter
 * does not know. What can be shown by running is shown beside the part itself.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import lock from '../../package-lock.json' with { type: 'json' }

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

interface Source {
  readonly path: string
  /** Without comments. */
  readonly code: string
}

const sources: readonly Source[] = readdirSync(join(ROOT, 'core'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => {
    const file = join(entry.parentPath, entry.name)
    const code = readFileSync(file, 'utf8')
      .replace(/\/\*[\s\S]*?\*\//g, '')
      .replace(/^\s*\/\/.*$/gm, '')
    return { path: relative(ROOT, file).split(sep).join('/'), code }
  })

function filesWith(pattern: RegExp, folder = 'core/'): string[] {
  return sources
    .filter(({ path, code }) => path.startsWith(folder) && pattern.test(code))
    .map(({ path }) => path)
}

/** A group that repeats and whose last or only part repeats too: what makes a backtracking matcher take for ever. */
const NESTED_QUANTIFIER = /\((?:\?:)?[^()|]*[+*]\)[+*]/

describe('the sources', () => {
  it('are found', () => {
    expect(sources.length).toBeGreaterThan(100)
  })

  it('do public-key arithmetic on secrets with the runtime and not with big integers', () => {
    expect(filesWith(/@noble\/curves/)).toEqual([])
    // What is left of big integers: versions of protocols, counters that 53 bits do not hold, public keys, and random
    // bits that hide which curve they are of.
    expect(filesWith(/\bBigInt\(|\b[0-9]+n\b/, 'core/crypto/').sort()).toEqual([
      'core/crypto/elligator2.ts',
      'core/crypto/field25519.ts',
      'core/crypto/handshake/ntor-v3.ts',
      'core/crypto/node-primitives.ts',
      'core/crypto/ntor-crosscert.ts',
      'core/crypto/portable-primitives.ts',
    ])
  })

  it('compare secrets in one place, which takes the same time whatever they are', () => {
    expect(filesWith(/timingSafeEqual/)).toEqual(['core/crypto/constant-time.ts'])
    // What bytes are compared with otherwise is public: keys, certificates, documents, marks of formats.
    expect(filesWith(/\.equals\(|\bequalBytes\(|\.compare\(/).sort()).toEqual([
      'core/crypto/calibration.ts',
      'core/crypto/ed25519.ts',
      'core/crypto/ntor-crosscert.ts',
      'core/crypto/tor-certificate.ts',
      'core/crypto/x509.ts',
      'core/directory/directory-store.ts',
      'core/netdoc/consensus-diff.ts',
      'core/netdoc/line-cache.ts',
      'core/netdoc/relay-columns.ts',
      'core/proxy/onion-name.ts',
      'core/transport/snowflake/encapsulation.ts',
      'core/transport/web/web-tls.ts',
      'core/util/bytes.ts',
    ])
  })

  it('make no secret in the pool of memory that all small buffers share', () => {
    expect(filesWith(/Buffer\.allocUnsafe\(/, 'core/crypto/')).toEqual([])
  })

  it('take chance from the one door to it', () => {
    expect(filesWith(/Math\.random|randomBytes\s*\}\s*from 'node:crypto'/)).toEqual([])
    expect(filesWith(/\brandomFillSync\b|\bgetRandomValues\b/)).toEqual(['core/crypto/system-random.ts'])
  })

  it('read numbers with a pattern and never with what stops at the first odd character', () => {
    expect(filesWith(/\bparseInt\(|\bparseFloat\(/)).toEqual([])
  })

  it('have no pattern that a hostile text can make slow', () => {
    expect(filesWith(NESTED_QUANTIFIER)).toEqual([])
    expect(NESTED_QUANTIFIER.test('/^(?:[a-z]+)+$/')).toBe(true)
  })

  it('ask no resolver of this machine, transports to web servers apart, and open no connection by name', () => {
    // Web servers that transports hide behind are reached by name, before there is any circuit; nobody else asks.
    expect(filesWith(/from '(?:node:)?dns(?:\/[a-z]+)?'/)).toEqual(['core/transport/web/look-up-name.ts'])
    // The public door hands it on for the STUN servers of WebRTC, whose names no browser engine is to ask for.
    expect(filesWith(/\blookUpName\b/)).toEqual([
      'core/index.ts',
      'core/transport/web/dial-name.ts',
      'core/transport/web/look-up-name.ts',
    ])
    expect(filesWith(/(?<![.#])\bfetch\(|\bnew WebSocket\(/)).toEqual([])
  })

  it('cut files by their path: Windows refuses it to a handle that was opened to append', () => {
    expect(filesWith(/\bftruncate(?:Sync)?\b|(?<!\bfs)\.truncate\(/)).toEqual([])
  })

  it('log nothing where cells and streams flow', () => {
    for (const folder of ['core/cell/', 'core/circuit/', 'core/stream/']) {
      expect(filesWith(/util\/log\.ts/, folder), folder).toEqual([])
    }
  })

  it('drop no promise that could end the process', () => {
    // An asynchronous method that is begun and left alone rejects with nobody there: these catch all within it.
    expect(filesWith(/^\s*void this\.#/m).sort()).toEqual([
      'core/client/http-agent.ts',
      'core/proxy/app-connection.ts',
      'core/proxy/dns-listener.ts',
      'core/transport/meek/meek-stream.ts',
      'core/transport/snowflake/peer-finder.ts',
    ])
  })

  it('take no key from outside as the name of a property', () => {
    // Objects that grow by names from outside would take "__proto__"; maps do not.
    expect(filesWith(/\]\s*\?\?=|Object\.assign\(\{\}|reduce\([^)]*\{\} as/)).toEqual([])
  })
})

describe('what comes from others', () => {
  const { dependencies, devDependencies } = packageJson

  it('is named by exact version', () => {
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/)
    }
  })

  it('is little, where it is shipped', () => {
    expect(Object.keys(dependencies).length).toBeLessThanOrEqual(6)
  })

  it('runs no script when it is installed', () => {
    expect(Object.values(packageJson.allowScripts).filter((isAllowed) => isAllowed)).toEqual([])
  })

  it('is locked by content', () => {
    // A bundled package lies inside its parent's archive, which is locked.
    const packages = Object.entries(lock.packages).filter(
      ([path, entry]) => path !== '' && !('inBundle' in entry && entry.inBundle),
    )
    expect(packages.length).toBeGreaterThan(20)
    for (const [path, entry] of packages) {
      expect('integrity' in entry ? entry.integrity : undefined, path).toMatch(/^sha512-/)
    }
  })
})
