/**
 * The program under test with a WebRTC in it, as the app has Chromium's: the whole command line, whose client is handed
 * werift. `buildWebRtcClient` makes a program of this file; it is imported by nobody.
 */
import { TorClient } from '../../../core/client/tor-client.ts'
import { NO_OUTSIDE } from '../../../core/transport/outside.ts'
import { connectWithWerift } from '../../support/werift-peers.ts'

const create = TorClient.create.bind(TorClient)
TorClient.create = (config, deps) =>
  create(config, { ...deps, outside: { ...NO_OUTSIDE, connectPeer: connectWithWerift } })
// The command line runs when it is loaded.
await import('../../../core/daemon/cli.ts')
