/** Lines of a torrc as the configuration of a client, for programs that embed the core and take C tor's options. */
import type { ClientConfig } from '../client/config.ts'
import { TorError } from '../util/errors.ts'
import { Settings } from './settings.ts'
import { toClientConfig } from './to-client-config.ts'
import { parseTorrc } from './torrc-reader.ts'

/**
 * What `tor -f` would do with the same text, as far as it concerns the client itself: ports, logs and files are read
 * and checked, and left to the caller. `dataDirectory` holds unless the text names one. No file is read: `%include` is
 * refused. Throws `bad-config` with the line.
 */
export function parseClientConfig(torrc: string, dataDirectory: string): ClientConfig {
  const lines = parseTorrc(torrc, 'configuration', () => {
    throw new TorError('bad-config', 'no other file can be included here')
  })
  const settings = Settings.merge([lines])
  settings.verify()
  return toClientConfig(settings, dataDirectory)
}
