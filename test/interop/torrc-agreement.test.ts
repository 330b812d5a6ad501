/** Lines of a torrc, given to C tor and to us: what one takes the other takes, with the exceptions that are named here. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dumpConfig } from '../../core/daemon/dump-config.ts'
import { explainForeignOption } from '../../core/daemon/options/foreign.ts'
import { DEPRECATED_OPTIONS, OPTIONS } from '../../core/daemon/options/table.ts'
import { Settings } from '../../core/daemon/settings.ts'
import { toClientConfig } from '../../core/daemon/to-client-config.ts'
import { parseTorrc } from '../../core/daemon/torrc-reader.ts'

/** Both take them, or both refuse them. */
const SAME = String.raw`
SocksPort 0|SocksPort 9150|SocksPort 09150|SocksPort auto|SocksPort AUTO|SocksPort 70000|SocksPort 0x50|SocksPort 1e3
SocksPort localhost:9050|SocksPort 127.0.0.1:auto|SocksPort 127.0.0.1:0|SocksPort 127.0.0.1|SocksPort ::1|SocksPort [::1]
SocksPort [::1]:9050|SocksPort 127.0.0.1:9050:80|SocksPort *:9050|SocksPort 0.0.0.0:9050|SocksPort [::1%lo]:9050
SocksPort unix:/tmp/x|SocksPort unix:"/tmp/x y" GroupWritable|SocksPort unix:"x|SocksPort UNIX:/tmp/x
SocksPort unix:/tmp/x WorldWritable RelaxDirModeCheck|SocksPort 9050 GroupWritable|SocksPort host.invalid:9050
SocksPort 9050 IsolateDestAddr IsolateDestPort NoIsolateSOCKSAuth|SocksPort 9050 SessionGroup=-1|SocksPort 9050 SessionGroup=x
SocksPort 9050 SessionGroup=1 SessionGroup=2|SocksPort 9050 NoIPv4Traffic NoIPv6Traffic NoOnionTraffic
SocksPort 9050 OnionTrafficOnly|SocksPort 9050 NoDNSRequest NoIPv4Traffic NoIPv6Traffic|SocksPort 9050 CacheDNS
SocksPort 9050 isolatedestADDR UseDNSCache PreferIPv6 PreferIPv6Automap PreferSOCKSNoAuth KeepAliveIsolateSOCKSAuth
SocksPort 9050 ExtendedErrors NoPreferIPv6|SocksPort|HTTPTunnelPort 8118 IsolateSOCKSAuth|HTTPTunnelPort x
DNSPort 5353 IsolateDestAddr|DNSPort unix:/tmp/x|DNSPort 5353 NoDNSRequest|DNSPort 5353 GroupWritable|DNSPort auto
SocksPolicy accept 127.0.0.0/8|SocksPolicy 127.0.0.1|SocksPolicy reject *|SocksPolicy accept private:*|SocksPolicy accept6 *:*
SafeSocks 1|TestSocks auto|WarnPlaintextPorts 23, 110|WarnPlaintextPorts x|WarnPlaintextPorts 70000|RejectPlaintextPorts 0
ClientRejectInternalAddresses 0|ClientDNSRejectInternalAddresses 2|UnixSocksGroupWritable 1|SocksSocketsGroupWritable 1
SocksTimeout 1 fortnight|SocksTimeout 10 s|SocksTimeout 1.5 hours|SocksTimeout 60seconds|SocksTimeout -1
SocksTimeout 0x10|SocksTimeout +5|SocksTimeout 2 Minutes|SocksTimeout 99999999999
VirtualAddrNetworkIPv4 10.0.0.0/8|VirtualAddrNetworkIPv4 10.0.0.0/17|VirtualAddrNetworkIPv4 10.0.0.0
VirtualAddrNetworkIPv4 10.1.2.3/8|VirtualAddrNetworkIPv6 [FC00::]/7|VirtualAddrNetworkIPv6 FC00::/7
VirtualAddrNetworkIPv6 [FC00::]/105|MapAddress a b|MapAddress *.a.b *.c.d|MapAddress *.a.b c.d|MapAddress 192.0.2.1 a.b
AutomapHostsOnResolve 1|AutomapHostsSuffixes .foo,bar|AutomapHostsSuffixes .|AllowNonRFC953Hostnames 1
EntryNodes {de}|EntryNodes {de},nick|EntryNodes {xyz}|EntryNodes !foo|EntryNodes {??}|EntryNodes 192.0.2.1|EntryNodes [2001:db8::]/64
ExitNodes $0000000000000000000000000000000000000000~nick|ExcludeNodes 0000000000000000000000000000000000000000
ExcludeExitNodes 192.0.2.0/24|MiddleNodes 192.0.2.0/33|NodeFamily a|NodeFamily a,b|StrictNodes 1|StrictNodes auto
GeoIPExcludeUnknown auto|GeoIPFile /nonexistent|TrackHostExits a.b,.c.d|TrackHostExitsExpire 0
UseEntryGuards 0|NumEntryGuards -1|NumEntryGuards 100|NumPrimaryGuards x|NumDirectoryGuards 0|GuardLifetime 1 month
GuardLifetime 10 years|MaxCircuitDirtiness 1|MaxCircuitDirtiness 60 days|NewCircuitPeriod 0|CircuitBuildTimeout 1
LearnCircuitBuildTimeout auto|CircuitStreamTimeout 5|CircuitsAvailableTimeout 60 days|CircuitsAvailableTimeout 23 hours
MaxClientCircuitsPending 0|MaxClientCircuitsPending 1025|MaxClientCircuitsPending 12|LongLivedPorts 1,2|LongLivedPorts 0
ConnectionPadding 2|ConnectionPadding auto|ReducedConnectionPadding auto|KeepalivePeriod 0|KeepalivePeriod 60
DormantClientTimeout 5 minutes|DormantClientTimeout 1 hour|DormantTimeoutEnabled auto|DormantOnFirstStartup 1
DormantCanceledByStartup 1|DisableNetwork 1|HTTPSProxy 127.0.0.1|HTTPSProxy 192.0.2.1:80|HTTPSProxy host.invalid:80
HTTPSProxyAuthenticator a:b|Socks4Proxy 127.0.0.1|Socks5Proxy [::1]:80|Socks5ProxyUsername x|Socks5ProxyPassword x
Socks5Proxy 127.0.0.1\nSocks4Proxy 127.0.0.1|Socks5Proxy 127.0.0.1\nSocks5ProxyUsername a\nSocks5ProxyPassword b
OutboundBindAddress 127.0.0.1|OutboundBindAddress ::1|OutboundBindAddress [::1]|OutboundBindAddress x|OutboundBindAddressOR 127.0.0.1
OutboundBindAddress 127.0.0.1\nOutboundBindAddress 127.0.0.2|FirewallPorts 80,443|FirewallPorts x
ReachableAddresses *:80|ReachableAddresses accept *:80, reject *:*|ReachableAddresses 192.0.2.0/24|ReachableAddresses foo
ReachableAddresses *:80-90|ReachableORAddresses *:443|ReachableDirAddresses *:80|ClientUseIPv4 0|ClientUseIPv6 2
ClientPreferIPv6ORPort auto|ClientPreferIPv6ORPort 2|ClientPreferIPv6DirPort 1
Log notice stdout|Log info-notice stdout|Log [net,circ]info stdout|Log [~net]info stdout|Log notice file|Log|Log foo
Log notice,info stdout|Log [bogus]info stdout|Log [net]info [circ]debug stderr|Log err|LogMessageDomains 1
LogTimeGranularity 0|LogTimeGranularity 2 seconds|SafeLogging relay|SafeLogging 2|TruncateLogFile 1
HeartbeatPeriod 5 minutes|HeartbeatPeriod 0|AvoidDiskWrites 2|ClientOnly 1|NumCPUs 4|NumCPUs 1x|ShutdownWaitLength 1 day
PathsNeededToBuildCircuits 0.1|PathsNeededToBuildCircuits 0.99|PathsNeededToBuildCircuits half|ConnLimit 0|ConnLimit 500
__OwningControllerProcess 1|__OwningControllerProcess x|__ReloadTorrcOnSIGHUP 0|RunAsDaemon 0|Sandbox 0|UseBridges 0|UseBridges 1
MaxMemInQueues 0|MaxMemInQueues 1|MaxMemInQueues 256 MB|MaxMemInQueues 63 MB|MaxMemInQueues 1.5 GB|MaxMemInQueues .5 GB|MaxMemInQueues 5. GB
MaxMemInQueues 256MByte|MaxMemInQueues +256  mbytes|MaxMemInQueues 300 m|MaxMemInQueues 300 k|MaxMemInQueues 300 g|MaxMemInQueues 5 Kbits
MaxMemInQueues 999.999 kilobits|MaxMemInQueues 1 terabit|MaxMemInQueues 1 tbyte|MaxMemInQueues 5 bits|MaxMemInQueues 512 b|MaxMemInQueues 1.9 bytes
MaxMemInQueues 0.4 bytes|MaxMemInQueues 0 MB|MaxMemInQueues 1.23456789 GB|MaxMemInQueues -1|MaxMemInQueues auto|MaxMemInQueues 300 MiB
MaxMemInQueues 0x10000000|MaxMemInQueues 1e9|MaxMemInQueues 1,5 GB|MaxMemInQueues 256 MB more|MaxMemInQueues 99999999999999999999|MaxMemInQueues
ControlPort 0|ORPort 0|ConfluxEnabled auto|PathBiasCircThreshold -1|VanguardsLiteEnabled auto|TestingTorNetwork 1
TestingDirConnectionMaxStall 10|DirAuthority x|FallbackDir x|NoSuchOption 1|EntryNodes {de}\nUseEntryGuards 0
ConfluxEnabled 0|ConfluxEnabled 1|ConfluxEnabled AUTO|ConfluxEnabled yes|ConfluxEnabled -1|ConfluxEnabled "1"
ConfluxClientUX latency|ConfluxClientUX throughput|ConfluxClientUX latency_lowmem|ConfluxClientUX throughput_lowmem|ConfluxClientUX
ConfluxClientUX Latency|ConfluxClientUX "latency"|ConfluxClientUX best|ConfluxClientUX throughput latency|ConfluxClientUX 1
%include /nonexistent|%include /nonexistent/*.conf|%bogus x|SafeLogging "1"|SafeLogging "1|SafeLogging "1" x|SafeLogging "\x31"
safelogging 1 # comment|SafeLogging 1\nSafeLogging 0|Safe\nLogging 1|DataDirectory
SocksTimeout \\n5|SocksTimeout 5 \\n# comment\n minutes|# only a comment|MapAddress a b # c|MapAddress "a b" # c|MapAddress "a b" c
MapAddress "a\x20b"|MapAddress "a\040b"|MapAddress "a\tb"|MapAddress "a\qb"|MapAddress "a b|  SafeLogging   0  |\tSafeLogging\t0
SafeLogging 0\r|SafeLogging#0|SafeLogging "0"#x|+SafeLogging 0|/SafeLogging|+SocksPort 9051|SocksPort 9051\n/SocksPort|"SafeLogging" 0|\\nSafeLogging 0
Bridge 192.0.2.1|Bridge 192.0.2.1:443|Bridge 192.0.2.1:0|Bridge 192.0.2.1:99999|Bridge host.invalid:443|Bridge obfs4|Bridge x
Bridge 192.0.2.1:443 0123456789abcdef0123456789abcdef01234567|Bridge 192.0.2.1:443 01234567 89abcdef0123456789abcdef01234567
Bridge 192.0.2.1:443 ABCD|Bridge 192.0.2.1:443 $0123456789abcdef0123456789abcdef01234567|Bridge 192.0.2.1:443 a=b|Bridge 01.2.3.4:443
Bridge [2001:db8::1]:443|Bridge 2001:db8::1|Bridge [2001:db8::1]|Bridge obfs4 192.0.2.1:443 cert=x k=|Bridge obfs4 192.0.2.1:443 k
Bridge obfs4 192.0.2.1:443 0123456789abcdef0123456789abcdef0123456G|Bridge obfs4 192.0.2.1:443 =v|Bridge ob-fs4 192.0.2.1:443|Bridge 4obfs 192.0.2.1:443
UseBridges 1\nBridge 192.0.2.1|UseBridges 1\nBridge 192.0.2.1\nBridge 192.0.2.2|UseBridges 1\nBridge 192.0.2.1\nEntryNodes {de}|UseBridges auto
UseBridges 1\nBridge 192.0.2.1\nUseEntryGuards 0|UpdateBridgesFromAuthority 0|UseBridges 1\nBridge|Bridge Bridge 192.0.2.1:443
ClientTransportPlugin obfs4 exec /usr/bin/obfs4proxy|ClientTransportPlugin obfs4,meek_lite exec /usr/bin/obfs4proxy managed  --x
ClientTransportPlugin obfs4, exec x|ClientTransportPlugin foo,foo exec /x|ClientTransportPlugin obfs4 , exec x|ClientTransportPlugin ob-fs exec x
ClientTransportPlugin 4obfs exec x|ClientTransportPlugin obfs4 exec|ClientTransportPlugin obfs4|ClientTransportPlugin|ClientTransportPlugin obfs4 EXEC x
ClientTransportPlugin obfs4 exec "/a b"|ClientTransportPlugin "obfs4 exec /a b"|ClientTransportPlugin obfs4 exec /x\tb
ClientTransportPlugin obfs4 proxy 127.0.0.1:1|ClientTransportPlugin obfs4 socks5 127.0.0.1:9999|ClientTransportPlugin obfs4 socks4 127.0.0.1:9999
ClientTransportPlugin obfs4 socks5 127.0.0.1|ClientTransportPlugin obfs4 socks5 127.0.0.1:0|ClientTransportPlugin obfs4 socks5 127.0.0.1:70000
ClientTransportPlugin obfs4 socks5 [::1]:9999|ClientTransportPlugin obfs4 socks5 ::1:9999|ClientTransportPlugin obfs4 socks5 192.0.2.1:05
ClientTransportPlugin obfs4 socks5 host.invalid:9999|ClientTransportPlugin obfs4 socks5 127.0.0.1:9999 more|ClientTransportPlugin a,b socks5 127.0.0.1:1
ClientTransportPlugin obfs4 socks5 127.0.0.1:9999\nSocks5Proxy 127.0.0.1|ClientTransportPlugin obfs4 exec /x\nSocks5Proxy 127.0.0.1
ClientTransportPlugin obfs4 exec /x\nClientTransportPlugin obfs4 exec /y|UseBridges 1\nBridge foo 192.0.2.1:443 k=v\nClientTransportPlugin foo exec /x
UseBridges 1\nBridge obfs4 192.0.2.1:443\nClientTransportPlugin obfs4 socks5 127.0.0.1:5|NoExec 1\nClientTransportPlugin foo exec /x
NodeFamily a,b\nNodeFamily c,d|SocksPort 9051 # x\nSocksPort 9052|SocksPort 9051\nSocksPort 0|ExitNodes {de}\nExitNodes {us}|WarnPlaintextPorts 1\nWarnPlaintextPorts 2|HTTPTunnelPort 0\nHTTPTunnelPort 1|SocksPort 0\nSocksPort 0|ExcludeNodes {de}\nExcludeNodes
`

/** Both take them; C tor's dump shows what it makes of them later, or ours does. */
const TAKEN = String.raw`
SocksTimeout 0|LogTimeGranularity 7|FascistFirewall 1|FascistFirewall 1\nFirewallPorts 80|ConfluxEnabled
`

/** C tor takes them; we refuse, because taking them would mean to ignore what was asked for. */
const STRICTER = String.raw`
SocksPort 9050 IsolateDestAdr|SocksPort 9050 9051|MapAddress a|MapAddress a b c|MapAddress a.b *.c.d|MapAddress a!b c
MapAddress "a\x00b"|TrackHostExits a b|HTTPProxy 127.0.0.1:80|TCPProxy haproxy 127.0.0.1:80|User root|Sandbox 1|DisableAllSwap 1|Log notice syslog
ControlPort 9051|MetricsPort 9999|TransPort 9040|ORPort 9001|RunAsDaemon 1|UseMicrodescriptors 0|CircuitPadding 1
PathBiasCircThreshold 5|BandwidthRate 1 MB|MaxMemInQueues 8388607 TB|ContactInfo x|HashedControlPassword 16:AC000611CAB0C8D760A821779CE12747513E5BCC8076C23E1D6FCD78F1
ReachableAddresses reject *:*|ClientUseIPv4 0\nClientUseIPv6 0|UpdateBridgesFromAuthority 1|UseBridges 1\nBridge obfs4 192.0.2.1:443|Bridge 0.0.0.0:443
ClientTransportPlugin , exec x|ClientTransportPlugin foo socks5 localhost:9999|ClientTransportPlugin foo socks5 127.0.0.1:+5
UseBridges 1\nBridge foo 192.0.2.1:443|NoExec 1\nUseBridges 1\nBridge foo 192.0.2.1:443\nClientTransportPlugin foo exec /x
`

const linesOf = (corpus: string): string[] =>
  corpus
    .trim()
    .split(/[|\n]/)
    .map((line) => line.replaceAll('\\n', '\n'))

interface Answer {
  readonly isTaken: boolean
  /** The options of the dump and their values. */
  readonly dump: string
}

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'allium-agreement-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

function tor(...args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile('tor', [...args], { timeout: 20_000 }, (error, stdout) =>
      resolve({ code: error === null ? 0 : 1, output: stdout }),
    )
  })
}

async function askTor(text: string): Promise<Answer> {
  const file = join(directory, 'torrc')
  writeFileSync(file, `${text}\n`)
  const { code } = await tor('-f', file, '--verify-config')
  if (code !== 0) return { isTaken: false, dump: '' }
  const dumped = await tor('-f', file, '--hush', '--dump-config', 'short')
  const isLogLine = (line: string): boolean => /^\w{3} \d\d \d\d:\d\d:\d\d\.\d{3} \[/.test(line)
  const lines = dumped.output.split('\n').filter((line) => !isLogLine(line))
  return { isTaken: true, dump: lines.join('\n') }
}

function askUs(text: string): Answer {
  try {
    const lines = parseTorrc(`${text}\n`, 'torrc', (path) => {
      if (path.includes('*')) return []
      throw new Error('not there')
    })
    const settings = Settings.merge([lines])
    settings.verify()
    toClientConfig(settings, directory)
    return { isTaken: true, dump: dumpConfig(settings, Settings.merge([]), 'short') }
  } catch {
    return { isTaken: false, dump: '' }
  }
}

describe('a line of a torrc', () => {
  test.each(linesOf(SAME))('%j means the same to C tor and to us', async (line) => {
    expect(askUs(line)).toEqual(await askTor(line))
  })

  test.each(linesOf(TAKEN))('%j is taken by both', async (line) => {
    expect([(await askTor(line)).isTaken, askUs(line).isTaken]).toEqual([true, true])
  })

  test.each(linesOf(STRICTER))('%j is taken by C tor and refused by us', async (line) => {
    expect([(await askTor(line)).isTaken, askUs(line).isTaken]).toEqual([true, false])
  })
})

describe('the names of options', () => {
  test('are all known to C tor, or out of use there', async () => {
    const { output } = await tor('--list-torrc-options')
    const known = new Set(output.split('\n'))
    expect(Object.values(OPTIONS).filter(({ name }) => !known.has(name))).toEqual([])
    expect(DEPRECATED_OPTIONS.filter((name) => !known.has(name))).toEqual([])
  })

  test('of C tor are all taken, or refused with a reason', async () => {
    const { output } = await tor('--list-torrc-options')
    const ours = new Set(Object.values(OPTIONS).map(({ name }) => name))
    const others = output.split('\n').filter((name) => /^\w+$/.test(name) && !ours.has(name))
    expect(others.length).toBeGreaterThan(100)
    expect(others.filter((name) => explainForeignOption(name).startsWith('is not a known option'))).toEqual(
      [],
    )
  })
})

test('the defaults in the full dump are those of C tor', async () => {
  const file = join(directory, 'empty')
  writeFileSync(file, '')
  const { output } = await tor('-f', file, '--defaults-torrc', file, '--dump-config', 'full')
  const theirs = new Map(output.split('\n').map((line) => [line.split(' ')[0] ?? '', line]))
  const settings = Settings.merge([])
  // Where the tables of countries lie is the system's own; nothing hinders a debugger here.
  const own = ['GeoIPFile', 'GeoIPv6File', ...OWN_DEFAULTS]
  const lines = dumpConfig(settings, settings, 'full').trimEnd().split('\n')
  const differing = lines.filter((line) => theirs.get(line.split(' ')[0] ?? '') !== line)
  expect(differing.filter((line) => !own.includes(line.split(' ')[0] ?? ''))).toEqual([])
})

/** What C tor does by default and we cannot, or never do: the value says so. */
const OWN_DEFAULTS = ['CircuitPadding', 'DisableDebuggerAttachment', 'BridgeRelay']
