/** What each state of the connection looks like, what the big button does in it, and its one next step. Pure. */
import type {
  AttemptNext,
  ConnectionState,
  ConnectStep,
  ConnectionView,
} from '../../../electron/ipc/snapshot-connection.ts'
import type { Search } from '../ways/search.ts'

export type Tone = 'idle' | 'working' | 'good' | 'warn' | 'bad'
/** What pressing the big button does. */
export type Press = 'connect' | 'retry' | 'cancel' | 'disconnect' | 'wait' | 'add-bridge'
/** Where the person can do something about it; `none` where waiting is right or the button says it all. */
export type NextPlace = 'none' | 'bridges' | 'system-proxy' | 'logs' | 'about'

export interface StateLook {
  readonly tone: Tone
  readonly press: Press
  /** An attempt is on its way: its steps and its time are shown. */
  readonly isUnderWay: boolean
  readonly place: NextPlace
  /** Something outside of the app may be in the way: the connection doctor looks for it. */
  readonly offersDoctor: boolean
}

const LOOKS: Readonly<Record<ConnectionState, StateLook>> = {
  off: { tone: 'idle', press: 'connect', isUnderWay: false, place: 'none', offersDoctor: false },
  checking: { tone: 'working', press: 'cancel', isUnderWay: true, place: 'none', offersDoctor: false },
  'no-network': { tone: 'warn', press: 'cancel', isUnderWay: true, place: 'none', offersDoctor: true },
  'clock-wrong': { tone: 'warn', press: 'cancel', isUnderWay: true, place: 'none', offersDoctor: true },
  connecting: { tone: 'working', press: 'cancel', isUnderWay: true, place: 'none', offersDoctor: false },
  slow: { tone: 'working', press: 'cancel', isUnderWay: true, place: 'none', offersDoctor: false },
  stalled: { tone: 'warn', press: 'cancel', isUnderWay: true, place: 'bridges', offersDoctor: true },
  blocked: { tone: 'warn', press: 'cancel', isUnderWay: true, place: 'bridges', offersDoctor: true },
  connected: { tone: 'good', press: 'disconnect', isUnderWay: false, place: 'none', offersDoctor: false },
  'proxy-not-applied': {
    tone: 'warn',
    press: 'disconnect',
    isUnderWay: false,
    place: 'system-proxy',
    offersDoctor: false,
  },
  degraded: { tone: 'warn', press: 'disconnect', isUnderWay: false, place: 'none', offersDoctor: false },
  failed: { tone: 'bad', press: 'retry', isUnderWay: false, place: 'logs', offersDoctor: true },
  'protected-down': {
    tone: 'warn',
    press: 'disconnect',
    isUnderWay: false,
    place: 'none',
    offersDoctor: false,
  },
  restoring: { tone: 'working', press: 'wait', isUnderWay: false, place: 'none', offersDoctor: false },
}

/** Whether "Connect" begins anything: where a connection is wanted already it changes nothing. */
export function canConnect(state: ConnectionState): boolean {
  const { press } = LOOKS[state]
  return press === 'connect' || press === 'retry'
}

const PLACE_BY_NEXT: Readonly<Partial<Record<AttemptNext, NextPlace>>> = {
  'add-bridges': 'bridges',
  'check-proxy': 'bridges',
  'update-app': 'about',
}

/** The look of the state, with what the last attempt knows better. */
export function lookOf(view: ConnectionView, needsBridge: boolean): StateLook {
  const look = LOOKS[view.state]
  if (needsBridge && (look.press === 'connect' || look.press === 'retry'))
    return { ...look, press: 'add-bridge' }
  const next = view.attempts.at(-1)?.next ?? 'none'
  const place = view.state === 'failed' || look.isUnderWay ? PLACE_BY_NEXT[next] : undefined
  return { ...look, place: place ?? look.place }
}

/** The search for a way in knows better than the state how things stand, and what helps. */
export function lookInSearch(look: StateLook, search: Search): StateLook {
  switch (search.kind) {
    case 'none':
      return look
    case 'first':
      return { ...look, place: 'none' }
    case 'trying':
      return {
        ...look,
        tone: 'working',
        press: 'cancel',
        isUnderWay: true,
        place: 'none',
        offersDoctor: false,
      }
    // Nothing is on its way now: there are no steps to show.
    case 'asking':
    case 'cooling':
      return {
        ...look,
        tone: 'working',
        press: 'cancel',
        isUnderWay: false,
        place: 'none',
        offersDoctor: false,
      }
    case 'resting':
      return { tone: 'warn', press: 'cancel', isUnderWay: false, place: 'bridges', offersDoctor: true }
  }
}

export const toneOf = (state: ConnectionState): Tone => LOOKS[state].tone

/** Whether the attempts are what the person wants to see: somebody who is connected does not. */
export function isInTrouble(state: ConnectionState): boolean {
  return toneOf(state) === 'warn' || toneOf(state) === 'bad'
}

const STEP_NUMBERS: Readonly<Record<ConnectStep, number>> = {
  start: 1,
  'reach-network': 2,
  'get-directory': 3,
  'get-relays': 4,
  'build-circuit': 5,
  verify: 6,
}

/** Counted from 1. */
export const stepNumber = (step: ConnectStep): number => STEP_NUMBERS[step]
export const STEPS = Object.keys(STEP_NUMBERS) as readonly ConnectStep[]
