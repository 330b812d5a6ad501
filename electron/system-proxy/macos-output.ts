/** What `networksetup` prints, read strictly, and the short texts that stand for it in the journal. */
import { AppError } from '../app-error.ts'

/** One proxy of a service: whether it is on, and where it leads. */
export interface ServiceProxy {
  readonly isOn: boolean
  readonly host: string
  /** 0 where none was ever set. */
  readonly port: number
  readonly hasPassword: boolean
}

export interface NetworkService {
  readonly name: string
  readonly isEnabled: boolean
}

function unreadable(what: string): AppError {
  return new AppError('proxy-unreadable', `networksetup: ${what}`)
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').map((line) => line.replace(/\r$/, ''))
}

/** `Key: value` lines; the value may be empty. */
function fieldsOf(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const line of linesOf(text)) {
    const [, key, value] = /^([A-Za-z ]+):(?: (.*))?$/.exec(line) ?? []
    if (key !== undefined) fields.set(key, value ?? '')
  }
  return fields
}

function readSwitch(value: string | undefined, what: string): boolean {
  if (value === 'Yes' || value === 'On' || value === '1') return true
  if (value === 'No' || value === 'Off' || value === '0') return false
  throw unreadable(`${what} is neither on nor off`)
}

/** The first line explains the asterisk; it stands before services that are turned off. */
export function parseServices(text: string): readonly NetworkService[] {
  const [first, ...lines] = linesOf(text)
  if (first === undefined || !first.includes('asterisk')) throw unreadable('no list of services')
  return lines
    .filter((line) => line !== '')
    .map((line) =>
      line.startsWith('*') ? { name: line.slice(1), isEnabled: false } : { name: line, isEnabled: true },
    )
}

/** `-getwebproxy`, `-getsecurewebproxy`, `-getsocksfirewallproxy`. */
export function parseServiceProxy(text: string): ServiceProxy {
  const fields = fieldsOf(text)
  const port = fields.get('Port') ?? ''
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw unreadable('a proxy without a port')
  const host = fields.get('Server')
  if (host === undefined) throw unreadable('a proxy without a server')
  return {
    isOn: readSwitch(fields.get('Enabled'), 'a proxy'),
    host: host === '(null)' ? '' : host,
    port: Number(port),
    hasPassword: readSwitch(fields.get('Authenticated Proxy Enabled') ?? '0', 'a password'),
  }
}

/** `-getautoproxyurl`. */
export function parseAutoProxy(text: string): { readonly isOn: boolean; readonly url: string } {
  const fields = fieldsOf(text)
  const url = fields.get('URL')
  if (url === undefined) throw unreadable('no address of a proxy script')
  return { isOn: readSwitch(fields.get('Enabled'), 'a proxy script'), url: url === '(null)' ? '' : url }
}

/** `-getproxyautodiscovery`. */
export function parseAutoDiscovery(text: string): boolean {
  return readSwitch(fieldsOf(text).get('Auto Proxy Discovery'), 'proxy discovery')
}

/** `-getproxybypassdomains`: one a line, or a sentence that there are none. */
export function parseBypassDomains(text: string): readonly string[] {
  const lines = linesOf(text).filter((line) => line !== '')
  if (lines.length === 1 && lines[0]?.startsWith("There aren't any ") === true) return []
  const strange = lines.find((line) => !/^[^\s]+$/.test(line))
  if (strange !== undefined) throw unreadable('an exception with a space in it')
  return lines
}
