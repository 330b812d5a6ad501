/** Joins the watch over the connection to what gives it reasons to look: options, the network, our own addresses. */
import { networkDisabled } from '../circuit-manager/circuit-builder.ts'
import { AddressWatch } from './address-watch.ts'
import type { ClientParts } from './client-parts.ts'
import { ConnectionWatch } from './connection-watch.ts'
import { localAddresses } from './local-addresses.ts'

/** From now on the status says when the connection does not work, and when it does again. `check` sends one stream. */
export function watchConnection(parts: ClientParts, check: () => Promise<void>): void {
  const { builder, circuits, channels, clock, config, lifetime, log, surroundings } = parts
  const mayCheck = (): boolean => !surroundings.views.value.isDormant && !config.value.isNetworkDisabled
  const watch = new ConnectionWatch({
    ...parts,
    log: log.in('circ'),
    lifetime: lifetime.signal,
    outcomes: builder.outcomes,
    hasOpenPath: () => builder.hasOpenPath,
    mayCheck,
    check,
    onRestored: () => circuits.retryNow(),
  })
  const addresses = new AddressWatch({
    clock,
    localAddresses,
    onLost: () => {
      log.in('net').notice('An address of this computer is gone: new requests get new circuits')
      circuits.retireAll('the network of this computer changed')
      channels.retireAll()
      watch.checkSoon()
    },
    onGained: () => watch.checkIfTroubled(),
  })
  const { views } = surroundings
  const stops = [
    () => addresses.stop(),
    // What worked before says nothing of other bridges, another proxy, other ports.
    config.watch(({ isNetworkDisabled }) => {
      if (isNetworkDisabled) watch.noteTrouble(networkDisabled())
      else watch.checkSoon()
    }),
    views.watch(({ network, isDormant }) => {
      if (network === 'up' && !isDormant) watch.checkIfTroubled()
    }),
  ]
  lifetime.signal.addEventListener('abort', () => stops.forEach((stop) => stop()), { once: true })
}
