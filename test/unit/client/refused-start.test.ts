import { expect, it } from 'vitest'
import { createClientParts } from '../../../core/client/client-parts.ts'
import { DEFAULT_CLIENT_CONFIG } from '../../../core/client/config.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { NO_OUTSIDE } from '../../../core/transport/outside.ts'
import { TorError } from '../../../core/util/errors.ts'
import { silentLogger } from '../../../core/util/log.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { seededRandom } from '../../support/seeded-random.ts'

class UnreadableStore extends MemoryStateStore {
  readonly #unreadable: string

  constructor(unreadable: string) {
    super()
    this.#unreadable = unreadable
  }

  override read(name: string): Promise<Uint8Array | undefined> {
    if (name === this.#unreadable) return Promise.reject(new TorError('state', `cannot read ${name}`))
    return super.read(name)
  }
}

it.each(['sites.json', 'guards.json'])(
  'a start that is refused because of %s leaves no timer that would keep its process alive',
  async (name) => {
    const clock = manualClock()
    const config = { ...DEFAULT_CLIENT_CONFIG, authorities: [], fallbackDirs: [] }
    const tools = { clock, random: seededRandom(5), log: silentLogger, outside: NO_OUTSIDE }
    await expect(createClientParts(config, tools, new UnreadableStore(name))).rejects.toMatchObject({
      kind: 'state',
    })
    expect(clock.nextTimerMs()).toBe(undefined)
  },
)
