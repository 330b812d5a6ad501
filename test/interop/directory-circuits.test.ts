/** One-hop circuits to C tor's directories: with the onion key, which the view has, and without it, as at the first start. */
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Circuit } from '../../core/circuit/circuit.ts'
import { directoryAtEnd } from '../../core/client/directory-connections.ts'
import { systemRandom } from '../../core/crypto/system-random.ts'
import { expectDocument, getDocument } from '../../core/directory/directory-client.ts'
import type { NetDir } from '../../core/netdir/net-dir.ts'
import { systemClock } from '../../core/util/clock.ts'
import { expectNoProtocolWarnings } from './support/fixture.ts'
import { OwnCore } from './support/own-core.ts'

const MOST_BYTES = 1_000_000

expectNoProtocolWarnings()

let core: OwnCore
const circuits = new Set<Circuit>()

beforeAll(async () => {
  core = await OwnCore.start(inject('network'))
})
afterEach(() => {
  for (const circuit of circuits) circuit.close()
  circuits.clear()
})
afterAll(() => core.close())

async function connect(nickname: string, netDir: NetDir | undefined): Promise<Circuit> {
  const circuit = await core.parts.builder.buildDirectoryCircuit(core.targetOf(nickname), netDir)
  circuits.add(circuit)
  return circuit
}

async function fetchConsensus(circuit: Circuit): Promise<string> {
  const request = {
    path: '/tor/status-vote/current/consensus-microdesc.z',
    host: '127.0.0.1',
    maxBodyBytes: MOST_BYTES,
  }
  const connection = directoryAtEnd(circuit, 'a directory', systemRandom)
  const reply = await getDocument(connection, request, systemClock, new AbortController().signal)
  return expectDocument(reply, 'the consensus').toString('latin1')
}

describe.each(['relay1', 'authority1'])('the directory of %s', (nickname) => {
  test('answers over ntor-v3 with congestion control', async () => {
    const circuit = await connect(nickname, core.netDir)
    expect(circuit.congestion?.params.sendmeIncrement).toBe(31)
    const all = await Promise.all(Array.from({ length: 20 }, () => fetchConsensus(circuit)))
    expect(new Set(all)).toHaveLength(1)
    expect(all[0]).toMatch(/^network-status-version 3 microdesc\n/)
  })

  test('answers over CREATE_FAST', async () => {
    const circuit = await connect(nickname, undefined)
    expect(circuit.congestion).toBeUndefined()
    expect(await fetchConsensus(circuit)).toMatch(/^network-status-version 3 microdesc\n/)
  })
})
