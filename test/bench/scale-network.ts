/** The process with the large network: starts it, says its lines, and counts what it hands out. */
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { systemRandom } from '../../core/crypto/system-random.ts'
import { systemClock } from '../../core/util/clock.ts'
import { describeLargeNetwork } from '../network/large-description.ts'
import { TorInProcess } from '../network/tor-in-process.ts'

const relays = Number(process.argv[2])
const echo = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {})
  socket.pipe(socket)
})
await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
const network = await TorInProcess.start(describeLargeNetwork(relays, systemRandom), systemClock)
network.hosts.add('echo.test', 80, (echo.address() as AddressInfo).port)
process.on('message', () =>
  process.send?.({ kind: 'counts', sentBytes: network.directory.sentBytes, complaints: network.complaints }),
)
process.send?.({ kind: 'ready', lines: network.clientLines })
