/** What an option of the torrc is, and the words in which the tables of options are written. */
import { type ValueParser, type ValueType, onlyOff } from './values.ts'

interface OptionBase<T> {
  /** As C tor writes it. */
  readonly name: string
  readonly parse: ValueParser<T>
  /** The text as `--dump-config` shows it: durations in seconds, lists without spaces. Throws as `parse`. */
  readonly canonical: (text: string) => string
  /** What the user should know of a value that is taken: that it was raised, or does nothing. */
  readonly warn: ((text: string) => string | undefined) | undefined
  /** May be set only with TestingTorNetwork 1. */
  readonly isTestingOnly: boolean
  /** Cannot change while the program runs: a reload that changes it is refused. */
  readonly isFixed: boolean
  /** What it does here; "Nothing" and why, where C tor needs it and we do not. */
  readonly doc: string
}

/** Of several lines the last counts, unless it joins them. */
export interface SingleOption<T> extends OptionBase<T> {
  readonly kind: 'single'
  readonly byDefault: T
  readonly onTestingNetwork: T
  /** Undefined for what is not set unless somebody sets it. */
  readonly defaultText: string | undefined
  readonly testingText: string | undefined
  /** All lines together are one value, as if there were commas between them. */
  readonly joinsLines: boolean
}

/** All lines count. */
export interface ListOption<T> extends OptionBase<T> {
  readonly kind: 'list'
}

interface Extra {
  /** The default on a testing network. */
  readonly testing?: string
  readonly isTestingOnly?: boolean
  readonly isFixed?: boolean
  readonly warn?: (text: string) => string | undefined
  readonly joinsLines?: boolean
}

/** An option that always has a value: `defaultText` is read like a value of the torrc. */
export function single<T>(
  name: string,
  type: ValueType<T>,
  defaultText: string,
  doc: string,
  extra: Extra = {},
): SingleOption<T> {
  const testingText = extra.testing ?? defaultText
  return {
    ...base(name, type, doc, extra),
    kind: 'single',
    byDefault: type.parse(defaultText, name),
    onTestingNetwork: type.parse(testingText, name),
    defaultText,
    testingText,
    joinsLines: extra.joinsLines ?? false,
  }
}

/** An option that is undefined unless it is set. */
export function optional<T>(
  name: string,
  type: ValueType<T>,
  doc: string,
  extra: Extra = {},
): SingleOption<T | undefined> {
  return {
    ...base<T | undefined>(
      name,
      { ...type, format: (value, text) => formatOptional(type, value, text) },
      doc,
      extra,
    ),
    kind: 'single',
    byDefault: undefined,
    onTestingNetwork: undefined,
    defaultText: undefined,
    testingText: undefined,
    joinsLines: false,
  }
}

export function list<T>(name: string, type: ValueType<T>, doc: string, extra: Extra = {}): ListOption<T> {
  return { ...base(name, type, doc, extra), kind: 'list' }
}

/** A thing that we do not do: C tor's word for "off" is accepted, and the first one is the default. */
export function off(name: string, instead: string, ...offValues: readonly string[]): SingleOption<undefined> {
  const accepted = offValues.length === 0 ? ['0'] : offValues
  return single(name, onlyOff(instead, accepted), accepted[0] ?? '0', `Nothing: ${instead}`)
}

/** The same for the ports of C tor, which are lists: nothing is their default. */
export function noPort(name: string, instead: string): SingleOption<undefined> {
  return optional(name, onlyOff(instead, ['0']), `Nothing: ${instead}`)
}

function base<T>(name: string, type: ValueType<T>, doc: string, extra: Extra): OptionBase<T> {
  const { isTestingOnly = false, isFixed = false, warn = type.warn } = extra
  return {
    name,
    parse: type.parse,
    canonical: (text) => type.format(type.parse(text, name), text),
    warn,
    isTestingOnly,
    isFixed,
    doc,
  }
}

function formatOptional<T>(type: ValueType<T>, value: T | undefined, text: string): string {
  return value === undefined ? text : type.format(value, text)
}
