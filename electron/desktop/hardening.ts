/**
 * Takes from Chromium what the app does not need: every request but the app's own files, every permission, every
 * window and navigation, and all traffic that a browser makes by itself. The core's host is the one process with
 * sockets; a page that was taken over has nobody to speak to but main.
 */
import { app, type Session, type WebContents } from 'electron'
import { isAppPage, isAppUrl } from './app-scheme.ts'

/** Switches without a value: services of a browser that would speak by themselves. */
const SWITCHES = [
  'disable-background-networking',
  'disable-breakpad',
  'disable-client-side-phishing-detection',
  'disable-component-update',
  'disable-default-apps',
  'disable-domain-reliability',
  'disable-field-trial-config',
  // A front is given another name as Host, which HTTP/2 has no place for. The TLS hello is that of a WebSocket then.
  'disable-http2',
  'disable-quic',
  // The hidden page of WebRTC carries a connection: Windows would give its process what the others leave.
  'disable-renderer-backgrounding',
  'disable-sync',
  'disable-speech-api',
  'dns-prefetch-disable',
  'metrics-recording-only',
  'no-default-browser-check',
  'no-experiments',
  'no-first-run',
  'no-pings',
]

const DISABLED_FEATURES = [
  'AsyncDns',
  'AutofillServerCommunication',
  'CertificateTransparencyComponentUpdater',
  'DnsOverHttps',
  'GlobalMediaControls',
  'HardwareMediaKeyHandling',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationGuideModelDownloading',
  'OptimizationHints',
  'Prerender2',
  'SpareRendererForSitePerProcess',
  'Translate',
  'WebRtcHideLocalIpsWithMdns',
  'WinRetrieveSuggestionsOnlyOnDemand',
]

/** A proxy that is not there, for loopback too: what slips past the filter of requests still reaches nothing. */
export const NOWHERE = {
  mode: 'fixed_servers',
  proxyRules: 'socks5://127.0.0.1:1',
  proxyBypassRules: '<-loopback>',
} as const

/**
 * The one name that Chromium finds: the proxy in this machine behind which the core makes the connections of its
 * transports (`outside/web-window.ts`). No session has it as its proxy but theirs.
 */
export const CORE_DOOR_HOST = 'core.invalid'

/** Before `ready`. */
export function hardenApp(): void {
  // It would undo the switch with which root, as in tests, runs Electron at all.
  if (app.isPackaged || !app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox()
  for (const name of SWITCHES) app.commandLine.appendSwitch(name)
  app.commandLine.appendSwitch('disable-features', DISABLED_FEATURES.join(','))
  // Chromium resolves no name at all: not for a page, not for itself.
  app.commandLine.appendSwitch('host-resolver-rules', `MAP ${CORE_DOOR_HOST} 127.0.0.1,MAP * ~NOTFOUND`)
  app.commandLine.appendSwitch('webrtc-ip-handling-policy', 'disable_non_proxied_udp')
  app.commandLine.appendSwitch('force-webrtc-ip-handling-policy', 'disable_non_proxied_udp')
  app.on('session-created', hardenSession)
  app.on('web-contents-created', (_event, contents) => hardenContents(contents))
  app.on('certificate-error', (event, _contents, _url, _error, _certificate, callback) => {
    event.preventDefault()
    callback(false)
  })
  app.on('select-client-certificate', (event) => event.preventDefault())
  app.on('login', (event) => event.preventDefault())
}

/** Every session, Electron's own default one too, which nothing of ours uses. */
function hardenSession(session: Session): void {
  void session.setProxy(NOWHERE)
  session.setSpellCheckerEnabled(false)
  session.setPermissionRequestHandler((_contents, _permission, callback) => callback(false))
  session.setPermissionCheckHandler(() => false)
  session.setDevicePermissionHandler(() => false)
  session.setDisplayMediaRequestHandler((_request, callback) => callback({}))
  session.webRequest.onBeforeRequest((details, callback) => {
    callback({ cancel: !mayLoad(details.url) })
  })
  session.on('will-download', (event) => event.preventDefault())
  session.on('select-hid-device', (event, _details, callback) => {
    event.preventDefault()
    callback()
  })
  session.on('select-usb-device', (event, _details, callback) => {
    event.preventDefault()
    callback()
  })
  session.on('select-serial-port', (event, _ports, _contents, callback) => {
    event.preventDefault()
    callback('')
  })
}

/** The developer tools' own pages are loaded where the tools can be opened at all: not in packages. */
function mayLoad(url: string): boolean {
  return isAppUrl(url) || (!app.isPackaged && url.startsWith('devtools://'))
}

function hardenContents(contents: WebContents): void {
  contents.setWebRTCIPHandlingPolicy('disable_non_proxied_udp')
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
  contents.on('will-navigate', (event, url) => {
    // A reload is a navigation to the page itself.
    if (!isAppPage(url)) event.preventDefault()
  })
  contents.on('will-frame-navigate', (details) => {
    if (!details.isMainFrame || !isAppPage(details.url)) details.preventDefault()
  })
  contents.on('will-redirect', (event) => event.preventDefault())
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.on('select-bluetooth-device', (event, _devices, callback) => {
    event.preventDefault()
    callback('')
  })
}
