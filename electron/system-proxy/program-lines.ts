/**
 * Which programs follow the system proxy, and the exact lines for those that do not. Every line hands names to us
 * unresolved (`socks5h`, or HTTP CONNECT): a line that looked names up itself would tell the network what is visited.
 */
import type { ProxiesView, ProxyAddress, SystemProxyBackend } from '../ipc/snapshot.ts'
import type { ProgramGuide, ProgramLine, ProgramName, ProgramObedience } from '../ipc/snapshot-programs.ts'

export interface ProgramsOn {
  readonly platform: NodeJS.Platform
  /** Undefined where the system has no setting that we know: then nothing follows it. */
  readonly backend: SystemProxyBackend | undefined
}

interface Doors {
  readonly socks: string
  readonly http: string
  readonly socksHost: string
  readonly socksPort: number
}

/** Pip asks Python, and Python asks macOS and Windows, but not the desktops of Linux. */
const PIP_FOLLOWS: ProgramObedience = 'mostly'

/** What is there on each system, the most used first; everything that is not named in it is not shown. */
const OBEDIENCE: Readonly<Record<SystemProxyBackend, Partial<Record<ProgramName, ProgramObedience>>>> = {
  gnome: { chromium: 'follows', firefox: 'mostly', 'desktop-programs': 'mostly' },
  // Firefox asks GNOME's settings in every desktop.
  kde: { chromium: 'follows', 'desktop-programs': 'mostly', firefox: 'ignores' },
  macos: {
    safari: 'follows',
    chromium: 'follows',
    firefox: 'mostly',
    'desktop-programs': 'mostly',
    pip: PIP_FOLLOWS,
  },
  windows: {
    edge: 'follows',
    chromium: 'follows',
    firefox: 'mostly',
    'desktop-programs': 'mostly',
    pip: PIP_FOLLOWS,
  },
}
const BROWSERS_WITHOUT_SETTING: Partial<Record<ProgramName, ProgramObedience>> = {
  firefox: 'ignores',
  chromium: 'ignores',
  'desktop-programs': 'ignores',
}
const TERMINAL_PROGRAMS = ['curl', 'wget', 'git', 'ssh', 'apt', 'npm', 'pip'] as const

function once(text: string): ProgramLine {
  return { scope: 'once', where: 'terminal', file: undefined, text, undo: undefined }
}

function always(text: string, undo: string): ProgramLine {
  return { scope: 'always', where: 'terminal', file: undefined, text, undo }
}

function inFile(file: string, ...lines: readonly string[]): ProgramLine {
  return { scope: 'always', where: 'file', file, text: lines.join('\n'), undo: undefined }
}

function firefoxLines({ socksHost, socksPort }: Doors): ProgramLine[] {
  return [
    inFile(
      'user.js',
      'user_pref("network.proxy.type", 1);',
      `user_pref("network.proxy.socks", "${socksHost}");`,
      `user_pref("network.proxy.socks_port", ${socksPort});`,
      'user_pref("network.proxy.socks_version", 5);',
      // The name of the site, too, goes to us.
      'user_pref("network.proxy.socks_remote_dns", true);',
      'user_pref("network.proxy.socks5_remote_dns", true);',
      // Calls between browsers would go past every proxy.
      'user_pref("media.peerconnection.ice.proxy_only", true);',
    ),
  ]
}

function chromiumLines({ http }: Doors, platform: NodeJS.Platform): ProgramLine[] {
  // Without the resolver's rule, Chromium looks names up ahead of time by itself.
  const options = `--proxy-server=${http} --host-resolver-rules="MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"`
  if (platform === 'darwin') return [once(`open -na "Google Chrome" --args ${options}`)]
  if (platform === 'win32') return [once(`start chrome ${options}`)]
  return [once(`chromium ${options}`)]
}

function sshLines({ socksHost, socksPort }: Doors, platform: NodeJS.Platform): ProgramLine[] {
  // `connect` comes with Git for Windows, nc with everything else.
  const through =
    platform === 'win32'
      ? `connect -S ${socksHost}:${socksPort} %h %p`
      : `nc -X 5 -x ${socksHost}:${socksPort} %h %p`
  const file = '~/.ssh/config'
  return [
    once(`ssh -o ProxyCommand="${through}" example.org`),
    inFile(file, 'Host *', `  ProxyCommand ${through}`),
  ]
}

function linesFor(program: ProgramName, doors: Doors, platform: NodeJS.Platform): ProgramLine[] {
  const { socks, http } = doors
  switch (program) {
    case 'firefox':
      return firefoxLines(doors)
    case 'chromium':
      return chromiumLines(doors, platform)
    case 'curl':
      return [
        once(`curl --proxy ${socks} https://example.org/`),
        inFile(platform === 'win32' ? '%APPDATA%\\_curlrc' : '~/.curlrc', `proxy = "${socks}"`),
      ]
    case 'wget':
      return [
        once(`wget -e use_proxy=on -e http_proxy=${http} -e https_proxy=${http} https://example.org/`),
        inFile('~/.wgetrc', 'use_proxy = on', `http_proxy = ${http}`, `https_proxy = ${http}`),
      ]
    case 'git':
      return [
        once(`git -c http.proxy=${socks} clone https://example.org/project.git`),
        always(`git config --global http.proxy ${socks}`, 'git config --global --unset http.proxy'),
      ]
    case 'ssh':
      return sshLines(doors, platform)
    case 'apt':
      return [
        once(`sudo apt -o Acquire::http::Proxy=${http} -o Acquire::https::Proxy=${http} update`),
        inFile(
          '/etc/apt/apt.conf.d/80allium',
          `Acquire::http::Proxy "${http}";`,
          `Acquire::https::Proxy "${http}";`,
        ),
      ]
    case 'npm':
      return [
        once(`npm --proxy=${http} --https-proxy=${http} install`),
        always(`npm config set proxy=${http} https-proxy=${http}`, 'npm config delete proxy https-proxy'),
      ]
    case 'pip':
      return [
        once(`pip --proxy ${http} install example`),
        always(`pip config set global.proxy ${http}`, 'pip config unset global.proxy'),
      ]
    // They have nothing of their own to tell.
    case 'safari':
    case 'edge':
    case 'desktop-programs':
      return []
  }
}

function isOn(program: ProgramName, platform: NodeJS.Platform): boolean {
  if (program === 'apt') return platform === 'linux'
  return program !== 'wget' || platform !== 'win32'
}

function isProgram(name: string, among: object): name is ProgramName {
  return Object.hasOwn(among, name)
}

/** Empty while a door is closed: a line with an address where nobody listens helps nobody. */
export function programGuides(
  { platform, backend }: ProgramsOn,
  { socks, http }: Pick<ProxiesView, 'socks' | 'http'>,
): readonly ProgramGuide[] {
  if (socks === undefined || http === undefined) return []
  const doors: Doors = {
    socks: `socks5h://${addressOf(socks)}`,
    http: `http://${addressOf(http)}`,
    socksHost: socks.host,
    socksPort: socks.port,
  }
  const known = backend === undefined ? BROWSERS_WITHOUT_SETTING : OBEDIENCE[backend]
  const shown = new Map<ProgramName, ProgramObedience>()
  for (const [name, obedience] of Object.entries(known))
    if (isProgram(name, known)) shown.set(name, obedience)
  for (const name of TERMINAL_PROGRAMS) {
    if (!shown.has(name) && isOn(name, platform)) shown.set(name, 'ignores')
  }
  return [...shown].map(([program, obedience]) => ({
    program,
    obedience,
    lines: linesFor(program, doors, platform),
  }))
}

function addressOf({ host, port }: ProxyAddress): string {
  return `${host}:${port}`
}
