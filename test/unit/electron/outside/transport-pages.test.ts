/** The hidden pages' files: which there are, and what each page may do. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  isTransportPageFile,
  transportPageServer,
  transportPageUrl,
} from '../../../../electron/outside/transport-pages.ts'

const folder = mkdtempSync(join(tmpdir(), 'allium-pages-'))
writeFileSync(join(folder, 'transport-page.js'), 'the script')
afterAll(() => rmSync(folder, { recursive: true }))

const policyOf = (name: 'web' | 'peers'): string => {
  const answer = transportPageServer(folder, name)({ method: 'GET', url: transportPageUrl(name) })
  return answer.headers.get('Content-Security-Policy') ?? ''
}

describe('a hidden page', () => {
  it('is itself and its script, and nothing else is served', async () => {
    const serve = transportPageServer(folder, 'web')
    const script = serve({ method: 'GET', url: 'app://transports/page.js' })
    expect([script.status, await script.text()]).toEqual([200, 'the script'])
    expect(serve({ method: 'GET', url: transportPageUrl('web') }).status).toBe(200)
    for (const url of [
      transportPageUrl('peers'),
      'app://transports/',
      'app://transports/../main.cjs',
      'app://allium/index.html',
    ]) {
      expect(serve({ method: 'GET', url }).status, url).toBe(404)
      expect(isTransportPageFile(url, 'web'), url).toBe(false)
    }
  })

  it('asks servers and knows no WebRTC, or has WebRTC and asks nobody', () => {
    expect(policyOf('web')).toContain("connect-src https:; webrtc 'block'")
    expect(policyOf('peers')).toContain("connect-src 'none'")
    for (const name of ['web', 'peers'] as const) {
      expect(policyOf(name)).toContain("default-src 'none'; script-src 'self'")
      expect(policyOf(name)).toContain("require-trusted-types-for 'script'; trusted-types 'none'")
    }
  })
})
