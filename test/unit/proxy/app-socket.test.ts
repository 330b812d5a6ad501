import { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { AppSocket } from '../../../core/proxy/app-socket.ts'
import { parseAddressPolicy } from '../../../core/util/address-policy.ts'

it('an application on a link-local address is judged and isolated by the address without our interface', () => {
  const accepted = new Socket()
  Object.defineProperty(accepted, 'remoteAddress', { value: 'fe80::1%eth0' })
  const { clientAddress } = new AppSocket(accepted)
  expect(clientAddress).toBe('fe80::1')
  // With the zone no policy could be asked: the error ended the program.
  expect(parseAddressPolicy(['reject6 [fe80::]/10'], 'SocksPolicy').accepts(clientAddress, 1)).toBe(false)
  accepted.destroy()
})
