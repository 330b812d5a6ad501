import { expect, test } from 'vitest'
import { openCircuitOn, openLink } from '../../network/client-side.ts'
import { FakeNetwork } from '../../network/fake-network.ts'

test('a relay with TLS 1.2 is spoken to, and cannot begin another handshake after its certificate was proved', async () => {
  const network = await FakeNetwork.start({ maxTlsVersion: 'TLSv1.2' })
  const open = await openLink(network)
  const { circuit } = await openCircuitOn(open)
  expect(circuit.isOpen).toBe(true)
  expect(await open.link.renegotiate()).toBeInstanceOf(Error)
  open.channel.close()
  await network.close()
})
