/** The process, and what this program is not: what a client's torrc says to be clear about it. */
import { badValue } from '../torrc-line.ts'
import { memorySize } from './memory-size.ts'
import { noPort, off, optional, single } from './option.ts'
import { boolean, duration, integer, MAX_INTEGER, verbatim } from './values.ts'
import { TorError } from '../../util/errors.ts'

const CLIENT_ONLY = 'this program is a client only'
const NO_CONTROL = 'there is no control port in this release'
const OWN_FAIRNESS = 'Nothing: circuits share a channel in turn'

/** Below this C tor warns its clients. */
const LOW_QUEUE_MEMORY_BYTES = 64 * 1024 * 1024

const processId = verbatim((text, option): number => {
  const [, id = ''] = /^([0-9]{1,10})(?::[0-9]+)?$/.exec(text) ?? []
  if (id === '' || Number(id) < 1 || Number(id) > MAX_INTEGER) badValue(option, 'the id of a process', text)
  return Number(id)
})

/** For options that would be a trap to ignore and have a way around. */
const refused = (name: string, words: string) =>
  optional(
    name,
    verbatim((_text, option): undefined => {
      throw new TorError('bad-config', `${option} is not supported: ${words}`)
    }),
    `Refused: ${words}`,
  )

export const PROGRAM_OPTIONS = {
  owningControllerProcess: optional(
    '__OwningControllerProcess',
    processId,
    'Ends when the process with this id is gone',
    { isFixed: true },
  ),
  reloadTorrcOnSighup: single('__ReloadTorrcOnSIGHUP', boolean, '1', 'Whether SIGHUP reads the torrc again'),
  clientOnly: single('ClientOnly', boolean, '0', `Nothing: ${CLIENT_ONLY}`),
  numCpus: single('NumCPUs', integer(0), '0', 'Nothing: one thread does the work'),
  shutdownWaitLength: single('ShutdownWaitLength', duration(), '30', 'Nothing: a client closes at once'),
  runAsDaemon: off('RunAsDaemon', 'let a service manager run it in the background'),
  disableDebuggerAttachment: off('DisableDebuggerAttachment', 'debuggers are not kept out'),
  sandbox: off('Sandbox', 'there is no system call filter'),
  disableAllSwap: off('DisableAllSwap', 'memory is not locked'),
  noExec: single(
    'NoExec',
    boolean,
    '0',
    'Starts no other program: what ClientTransportPlugin names is not used',
  ),
  hardwareAccel: single(
    'HardwareAccel',
    boolean,
    '0',
    'Nothing: the fastest cipher of this machine is measured and used',
  ),
  connLimit: single('ConnLimit', integer(1), '1000', 'Nothing: each listener has its own limit'),
  maxMemInQueues: single(
    'MaxMemInQueues',
    memorySize(LOW_QUEUE_MEMORY_BYTES),
    '0',
    'Circuits are closed when more data than this waits in all queues; 0 is a share of the memory that there is',
  ),
  constrainedSockets: off('ConstrainedSockets', 'sockets keep the sizes of the system'),
  countPrivateBandwidth: single('CountPrivateBandwidth', boolean, '0', 'Nothing: there is no rate limit'),
  perConnBwRate: off('PerConnBWRate', 'there is no rate limit'),
  perConnBwBurst: off('PerConnBWBurst', 'there is no rate limit'),
  kistSchedRunInterval: single('KISTSchedRunInterval', duration({ plainUnitMs: 1 }), '0', OWN_FAIRNESS),
  schedulers: single(
    'Schedulers',
    verbatim((text) => text),
    'KIST,KISTLite,Vanilla',
    OWN_FAIRNESS,
  ),
  httpProxy: refused(
    'HTTPProxy',
    'it served unencrypted directory requests, which are never made; use HTTPSProxy',
  ),
  httpProxyAuthenticator: refused('HTTPProxyAuthenticator', 'HTTPProxy is not; use HTTPSProxyAuthenticator'),
  tcpProxy: refused('TCPProxy', 'use HTTPSProxy, Socks4Proxy or Socks5Proxy'),
  user: refused('User', 'start the program as the user that it should run as'),
  controlPort: noPort('ControlPort', NO_CONTROL),
  controlSocket: noPort('ControlSocket', NO_CONTROL),
  cookieAuthentication: off('CookieAuthentication', NO_CONTROL),
  metricsPort: noPort('MetricsPort', 'there is no metrics port in this release'),
  orPort: noPort('ORPort', CLIENT_ONLY),
  dirPort: noPort('DirPort', CLIENT_ONLY),
  exitRelay: off('ExitRelay', CLIENT_ONLY, 'auto', '0'),
  bridgeRelay: off('BridgeRelay', CLIENT_ONLY),
} as const
