/** The rules between settings: what a change brings along, and what is refused. Pure; a refusal is never silent. */
import { AppError } from '../app-error.ts'
import type { Settings, SettingsChange } from '../ipc/settings.ts'
import { passwordOf } from './settings-document.ts'

/** The settings after the change; throws an `AppError` whose kind says which rule forbids it. */
export function applyChange(
  before: Settings,
  change: SettingsChange,
  facts: { readonly hasConnectedBefore: boolean },
): Settings {
  // What a change leaves undefined stays, too.
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
  const after = completeChange(before, { ...before, ...given }, change)
  if (change.entry === 'unasked') throw new AppError('bad-setting', 'the answer cannot be taken back')
  if (change.connectAtStart === true && !facts.hasConnectedBefore) {
    throw new AppError('connect-at-start-too-early', 'connecting at start needs a first success')
  }
  if (after.entry === 'hide' && change.useBridges === false) {
    throw new AppError('hide-needs-bridges', 'who hides from the network uses bridges')
  }
  if (after.socksPort === after.httpPort && after.socksPort !== 0) {
    throw new AppError('ports-equal', 'two proxies cannot listen on one port')
  }
  if (!isCheckUrl(after.checkUrl)) {
    throw new AppError('check-url-not-https', 'the check address must be https, or an onion service')
  }
  return after
}

function completeChange(before: Settings, after: Settings, change: SettingsChange): Settings {
  const bridged = change.entry === 'hide' ? { ...after, useBridges: true } : after
  return change.upstreamProxy === undefined ? bridged : keepPassword(before, bridged)
}

/**
 * The page never sees the password: the same proxy with the same user and an empty password means the one that is
 * known. It goes with its user, or with the proxy.
 */
function keepPassword(before: Settings, after: Settings): Settings {
  const [old, now] = [before.upstreamProxy, after.upstreamProxy]
  if (now === null || now.kind === 'socks4' || (now.password ?? '') !== '') return after
  const { password: _, ...rest } = now
  const isSame =
    old !== null &&
    old.kind !== 'socks4' &&
    old.host === now.host &&
    old.port === now.port &&
    old.username === now.username
  const password = isSame ? passwordOf(before) : undefined
  return { ...after, upstreamProxy: password === undefined ? rest : { ...rest, password } }
}

/** In the clear only where nobody between can read or forge it: onion services, and `.test`, which is no public name. */
function isCheckUrl(text: string): boolean {
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return false
  if (url.protocol === 'https:') return true
  return url.protocol === 'http:' && (url.hostname.endsWith('.onion') || url.hostname.endsWith('.test'))
}
