/** What a page can ask our own origin for, and what it gets. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type AppFiles,
  answerAppRequest,
  APP_PAGE,
  isAppPage,
  isAppUrl,
  listAppFiles,
} from '../../../../electron/desktop/app-scheme.ts'

let folder: string
let files: AppFiles

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'allium-files-'))
  await mkdir(join(folder, 'renderer', 'assets'), { recursive: true })
  await writeFile(join(folder, 'secret.js'), 'secret')
  await writeFile(join(folder, 'renderer', 'index.html'), '<!doctype html>')
  await writeFile(join(folder, 'renderer', 'assets', 'page.js'), 'page()')
  await writeFile(join(folder, 'renderer', 'assets', 'page.js.map'), 'a map')
  files = await listAppFiles(join(folder, 'renderer'))
})

afterAll(() => rm(folder, { recursive: true }))

function get(url: string, method = 'GET'): Promise<Response> {
  return answerAppRequest(files, { method, url })
}

describe('our own origin', () => {
  it('serves the files of the renderer with their types', async () => {
    const page = await get(APP_PAGE)
    expect(page.headers.get('Content-Type')).toBe('text/html; charset=utf-8')
    expect(await page.text()).toBe('<!doctype html>')
    const script = await get('app://allium/assets/page.js?v=1#x')
    expect(script.headers.get('Content-Type')).toBe('text/javascript; charset=utf-8')
    expect(await script.text()).toBe('page()')
  })

  it('forbids with every answer what a page could do to speak', async () => {
    for (const url of [APP_PAGE, 'app://allium/none']) {
      const policy = (await get(url)).headers.get('Content-Security-Policy')
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("connect-src 'none'")
      expect(policy).toContain("require-trusted-types-for 'script'")
      expect(policy).not.toContain('unsafe')
    }
  })

  it.each([
    'app://allium/../secret.js',
    'app://allium/assets/../../secret.js',
    'app://allium/%2e%2e/secret.js',
    'app://allium/..%2fsecret.js',
    'app://allium/..\\secret.js',
    'app://allium//etc/passwd',
    'app://allium/assets/page.js.map',
    'app://allium/assets',
    'app://allium/',
    'app://allium/__proto__',
    'app://elsewhere/index.html',
    'app://allium@elsewhere/index.html',
    '',
  ])('has nothing at %s', async (url) => {
    expect((await get(url)).status).toBe(404)
  })

  it('takes nothing but GET', async () => {
    expect((await get(APP_PAGE, 'POST')).status).toBe(405)
  })

  it('says in a status that a file has gone away', async () => {
    const gone = await listAppFiles(join(folder, 'renderer'))
    await rm(join(folder, 'renderer', 'assets', 'page.js'))
    expect((await answerAppRequest(gone, { method: 'GET', url: 'app://allium/assets/page.js' })).status).toBe(
      500,
    )
  })
})

describe('an address', () => {
  it.each([
    ['app://allium/index.html', true, true],
    ['app://allium/index.html#circuits', true, true],
    ['app://allium/assets/page.js', true, false],
    ['app://allium.example/index.html', false, false],
    ['app://allium@example/index.html', false, false],
    ['app://allium', false, false],
    ['https://allium/index.html', false, false],
    ['file:///index.html', false, false],
    ['about:blank', false, false],
  ])('%s is ours: %s, is the page: %s', (url, isOurs, isPage) => {
    expect(isAppUrl(url)).toBe(isOurs)
    expect(isAppPage(url)).toBe(isPage)
  })
})
