/** The real runner: what it runs, in which surroundings, and how it ends what does not end. */
import { describe, expect, it } from 'vitest'
import {
  runChecked,
  SystemCommandRunner,
  toolEnvironment,
  toolPaths,
} from '../../../../electron/system-proxy/command-runner.ts'

const HERE = { platform: 'linux', env: { PATH: '/tmp/evil:/usr/bin', HOME: '/nonexistent' } } as const

describe('the way to other programs', () => {
  it('never leads over the PATH of the environment', () => {
    expect(toolPaths('gsettings', HERE)[0]).toBe('/usr/bin/gsettings')
    expect(toolPaths('gsettings', HERE).some((path) => path.includes('evil'))).toBe(false)
    expect(toolPaths('../evil', HERE)).toEqual([])
    expect(toolPaths('a b', HERE)).toEqual([])
  })

  it('on Windows leads into the system folder, whatever the environment calls it', () => {
    const paths = (root: string): readonly string[] =>
      ['reg', 'powershell'].flatMap((tool) =>
        toolPaths(tool, { platform: 'win32', env: { SystemRoot: root } }),
      )
    expect(paths('D:\\WINNT')).toEqual([
      'D:\\WINNT\\System32\\reg.exe',
      'D:\\WINNT\\System32\\WindowsPowerShell\\v1.0\\powershell.exe',
    ])
    for (const root of ['\\\\evil\\share', 'C:\\a\\..\\b', '..', '']) {
      expect(paths(root)[0]).toBe('C:\\Windows\\System32\\reg.exe')
    }
  })

  it('takes along what the session needs and nothing that loads code', () => {
    const env = {
      HOME: '/home/a',
      DBUS_SESSION_BUS_ADDRESS: 'unix:path=/x',
      LD_PRELOAD: '/tmp/evil.so',
      LD_LIBRARY_PATH: '/tmp/.mount_allium/usr/lib',
      GSETTINGS_BACKEND: 'memory',
      http_proxy: 'http://x',
      LANG: 'de_DE.UTF-8',
    }
    const passed = toolEnvironment({ platform: 'linux', env })
    expect(Object.keys(passed).sort((a, b) => a.localeCompare(b))).toEqual([
      'DBUS_SESSION_BUS_ADDRESS',
      'HOME',
      'LC_ALL',
      'PATH',
    ])
    expect(passed['LC_ALL']).toBe('C.UTF-8')
  })

  it('knows no shell: an argument is an argument', async () => {
    const runner = new SystemCommandRunner(HERE)
    const { stdout } = await runner.run('printf', ['%s', '$(id); `id` | cat > /tmp/x "quoted"'])
    expect(stdout).toBe('$(id); `id` | cat > /tmp/x "quoted"')
  })

  it('gives an exit code as a result, and a missing tool as an error', async () => {
    const runner = new SystemCommandRunner(HERE)
    expect((await runner.run('false', [])).code).toBe(1)
    expect(await runner.has('false')).toBe(true)
    expect(await runner.has('no-such-tool')).toBe(false)
    await expect(runner.run('no-such-tool', [])).rejects.toMatchObject({ kind: 'proxy-tool-missing' })
  })

  it('ends what hangs and what never stops talking', async () => {
    const runner = new SystemCommandRunner(HERE, 50)
    await expect(runner.run('sleep', ['60'])).rejects.toMatchObject({ kind: 'proxy-tool-timeout' })
    await expect(new SystemCommandRunner(HERE).run('yes', [])).rejects.toMatchObject({
      kind: 'proxy-unreadable',
    })
  })

  it('answers nobody: what reads its input finds the end', async () => {
    expect((await new SystemCommandRunner(HERE).run('cat', [])).stdout).toBe('')
  })

  it('tells what was denied from what failed', async () => {
    const runner = new SystemCommandRunner(HERE)
    const cat = runChecked(runner, 'cat', ['/nonexistent'])
    await expect(cat).rejects.toMatchObject({ kind: 'proxy-tool-failed' })
    const denied = {
      has: () => Promise.resolve(true),
      run: () => Promise.resolve({ code: 1, stdout: '', stderr: 'The key is not writable\n' }),
    }
    await expect(runChecked(denied, 'gsettings', [])).rejects.toMatchObject({ kind: 'proxy-denied' })
  })
})
