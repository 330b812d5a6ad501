/**
 * The edge to Chromium's network stack: the session through which fronted requests go, and the hidden page that makes
 * them. The session's only way out is the core's own door in this machine: Chromium makes TLS and HTTP as a browser
 * does, and the core makes the connections. It looks up no name, and with no door there is nowhere to go.
 */
import { type Session, session, type WebContents } from 'electron'
import { APP_SCHEME } from '../desktop/app-scheme.ts'
import { CORE_DOOR_HOST, NOWHERE } from '../desktop/hardening.ts'
import { openHiddenWindow } from './hidden-window.ts'
import type { Door } from './outside-desk.ts'
import type { Page, PageEvents } from './page-keeper.ts'
import { isTransportPageFile, transportPageServer, transportPageUrl } from './transport-pages.ts'
import type { WebDesk } from './web-desk.ts'

const PARTITION = 'allium-web'
/** What the door asks for; it checks the password. */
const DOOR_USER = 'chromium'

export interface WebWindowOptions {
  readonly folder: string
  readonly report: (text: string) => void
}

type Rules = Pick<WebDesk, 'headersFor' | 'onAnswer' | 'onError'>

export class WebWindow {
  readonly #options: WebWindowOptions
  #session: Session | undefined
  #door: Door | undefined
  #doorSet: Promise<void> = Promise.resolve()

  constructor(options: WebWindowOptions) {
    this.#options = options
  }

  /** Closes the connections of the door before. */
  setDoor(door: Door | undefined): Promise<void> {
    this.#door = door
    this.#doorSet = this.#doorSet.then(() => this.#applyDoor(door)).catch(() => undefined)
    return this.#doorSet
  }

  async open(rules: Rules, events: PageEvents): Promise<Page> {
    const { folder, report } = this.#options
    const session = this.#openSession(rules)
    // The session is new, perhaps, and the door was said before it was there.
    await this.setDoor(this.#door)
    const page = await openHiddenWindow(
      {
        session,
        url: transportPageUrl('web'),
        preload: `${folder}/transport-preload.cjs`,
        report,
        prepare: (contents) => this.#answerDoor(contents),
      },
      events,
    )
    return {
      send: (message, ports) => page.send(message, ports),
      close: () => {
        page.close()
        void session.closeAllConnections()
      },
    }
  }

  async #applyDoor(door: Door | undefined): Promise<void> {
    const session = this.#session
    if (session === undefined) return
    await session.setProxy(
      door === undefined
        ? NOWHERE
        : {
            mode: 'fixed_servers',
            proxyRules: `http://${CORE_DOOR_HOST}:${door.port}`,
            proxyBypassRules: '<-loopback>',
          },
    )
    await session.clearAuthCache()
    await session.closeAllConnections()
  }

  /** Made once: a session in memory cannot be given back. */
  #openSession(rules: Rules): Session {
    if (this.#session !== undefined) return this.#session
    const made = session.fromPartition(PARTITION, { cache: false })
    this.#session = made
    made.protocol.handle(APP_SCHEME, transportPageServer(this.#options.folder, 'web'))
    const { webRequest } = made
    webRequest.onBeforeRequest(({ url }, callback) => {
      callback({ cancel: !isTransportPageFile(url, 'web') && rules.headersFor(url) === undefined })
    })
    webRequest.onBeforeSendHeaders(({ url }, callback) => {
      const requestHeaders = rules.headersFor(url)
      callback(
        requestHeaders === undefined ? { cancel: !isTransportPageFile(url, 'web') } : { requestHeaders },
      )
    })
    webRequest.onHeadersReceived(({ url, statusCode, responseHeaders = {} }, callback) => {
      if (isTransportPageFile(url, 'web')) return callback({})
      callback({ responseHeaders: rules.onAnswer(url, statusCode, responseHeaders) })
    })
    webRequest.onErrorOccurred(({ url, error }) => rules.onError(url, error))
    return made
  }

  /** The door asks who comes; only our own Chromium knows the word. */
  #answerDoor(contents: WebContents): void {
    contents.on('login', (event, _details, { isProxy, host, port }, callback) => {
      event.preventDefault()
      const door = this.#door
      const isDoor = isProxy && host === CORE_DOOR_HOST && port === door?.port
      if (isDoor) callback(DOOR_USER, door.secret)
      else callback()
    })
  }
}
