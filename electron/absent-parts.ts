/** Stand-ins for parts that this version does not have: they refuse in so many words, and claim nothing. */
import { AppError } from './app-error.ts'
import type { BridgesPart } from './parts.ts'

function absent(): Promise<never> {
  return Promise.reject(new AppError('not-available', 'this version cannot do that'))
}

export const NO_BRIDGES: BridgesPart = {
  activeLines: () => [],
  onHostStatus: () => undefined,
  check: absent,
  add: absent,
  remove: absent,
  enable: absent,
  chooseBuiltIn: absent,
  watch: () => () => undefined,
}
