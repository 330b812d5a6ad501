/**
 * The utility process with the core in it: speaks with main over its parent port, and with the network. It keeps no
 * window, no settings and no system proxy: when it dies, main is there and nothing leaks.
 */
import './host/polyfill.ts'
import {
  dialName,
  Logger,
  lookUpName,
  plainWebRequester,
  systemClock,
  systemRandom,
  TorClient,
  tuneRuntime,
} from '../core/index.ts'
import { chromiumOutside } from './host/chromium-outside.ts'
import { CoreService } from './host/core-service.ts'
import { HostLog } from './host/host-log.ts'
import { type FromHost, OUTSIDE_PORT } from './host/protocol.ts'
import { scrubText } from './host/scrub-text.ts'
import { serveMethods } from './host/serve-methods.ts'
import { StatusPump } from './host/status-pump.ts'
import type { Port } from './outside/port.ts'

/** What an orderly end may take; then the process ends as it is. */
const CLOSE_LIMIT_MS = 5_000
/** A message needs some turns of the event loop to leave; a process that has crashed must not stay for more. */
const LAST_WORDS_MS = 50

tuneRuntime()

const port = process.parentPort
const post = (message: FromHost): void => port.postMessage(message)

function crash(thrown: unknown): void {
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
  try {
    log.flush()
    post({ kind: 'crash', detail: scrubText(text) })
  } finally {
    setTimeout(() => process.exit(1), LAST_WORDS_MS)
  }
}

const log = new HostLog(systemClock, (lines) => post({ kind: 'log', lines }))
process.on('uncaughtException', crash)
process.on('unhandledRejection', crash)

let onOutsidePort: (port: Port) => void = () => undefined
const outsidePort = new Promise<Port>((resolve) => {
  onOutsidePort = resolve
})
const outside = chromiumOutside(outsidePort, {
  dial: ({ host, port }, proxy, signal) =>
    dialName(host, port, { proxy, localAddress: undefined }, systemClock, signal),
  lookUp: lookUpName,
  plainWebRequest: plainWebRequester(systemClock, systemRandom),
})

const service = new CoreService({
  createClient: (config, deps) => TorClient.create(config, deps),
  // For the client's transports, and for the question to the bridge service.
  outside,
  clock: systemClock,
  log: new Logger(log.sink),
  onChange: () => pump.tellSoon(),
})
const pump: StatusPump = new StatusPump(
  systemClock,
  () => service.readStatus(),
  (status) => post({ kind: 'status', status }),
)

/** Gives ports and directory back, and ends the process whatever that comes to. */
function end(): void {
  setTimeout(() => process.exit(0), CLOSE_LIMIT_MS)
  pump.stop()
  service.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  )
}

process.once('SIGTERM', end)
process.once('SIGINT', end)
// Main is gone.
const whenClosed: NodeJS.EventEmitter = port
whenClosed.once('close', end)

const { start } = service.handlers
const onMessage = serveMethods(
  {
    ...service.handlers,
    // Where the doors are is known before the start is answered: the system may be pointed at them now.
    start: async (config) => {
      await start(config)
      pump.tell()
    },
  },
  post,
)
// In a turn of the event loop of its own: within the port's own call, Electron 25 takes a promise that is rejected and
// awaited in the next microtask for one that nobody awaits.
port.on('message', ({ data, ports: [outsidePort] }) => {
  if (data === OUTSIDE_PORT && outsidePort !== undefined) onOutsidePort(outsidePort)
  else setImmediate(() => void onMessage(data))
})
post({ kind: 'ready' })
