/** When circuits are built, how long they serve, and which streams keep to one exit. */
import { DesiredUx } from '../../conflux/conflux-params.ts'
import { badValue } from '../torrc-line.ts'
import { single } from './option.ts'
import {
  autoBoolean,
  boolean,
  commaList,
  DAY_MS,
  duration,
  integer,
  portList,
  SECOND_MS,
  type ValueType,
  zeroIsUnset,
} from './values.ts'

const host = (text: string, option: string): string => {
  if (!/^[a-z0-9_.:-]{1,255}$/i.test(text))
    badValue(option, 'hosts, or .domain, with commas between them', text)
  return text.toLowerCase()
}

const UX_BY_WORD = new Map<string, DesiredUx>([
  ['throughput', DesiredUx.HIGH_THROUGHPUT],
  ['latency', DesiredUx.MIN_LATENCY],
  ['throughput_lowmem', DesiredUx.LOW_MEM_THROUGHPUT],
  ['latency_lowmem', DesiredUx.LOW_MEM_LATENCY],
])

/** C tor takes these words in lower case only. */
const confluxUx: ValueType<DesiredUx> = {
  parse: (text, option) =>
    UX_BY_WORD.get(text) ?? badValue(option, [...UX_BY_WORD.keys()].join(' or '), text),
  format: (_value, text) => text,
}

export const CIRCUIT_OPTIONS = {
  circuitBuildTimeout: single(
    'CircuitBuildTimeout',
    zeroIsUnset(duration({ leastMs: SECOND_MS })),
    '0',
    'How long a circuit may take to build until enough was learned; 0 is 60 seconds',
  ),
  learnCircuitBuildTimeout: single(
    'LearnCircuitBuildTimeout',
    boolean,
    '1',
    'Whether that is learned from earlier circuits',
  ),
  maxCircuitDirtiness: single(
    'MaxCircuitDirtiness',
    duration({ leastMs: 10 * SECOND_MS, mostMs: 30 * DAY_MS, isStrict: false }),
    '600',
    'How long a circuit takes new streams after its first',
  ),
  circuitsAvailableTimeout: single(
    'CircuitsAvailableTimeout',
    zeroIsUnset(duration({ mostMs: DAY_MS })),
    '0',
    'How long circuits are kept ready for what was used before; 0 as the consensus says',
  ),
  circuitStreamTimeout: single(
    'CircuitStreamTimeout',
    zeroIsUnset(duration({ leastMs: 10 * SECOND_MS, isStrict: false })),
    '0',
    'How long an exit may take to answer before another is tried; 0 is 10 and then 15 seconds',
  ),
  maxClientCircuitsPending: single(
    'MaxClientCircuitsPending',
    integer(1, 1_024),
    '32',
    'How many circuits are built at once',
  ),
  longLivedPorts: single(
    'LongLivedPorts',
    portList,
    '21,22,706,1863,5050,5190,5222,5223,6523,6667,6697,8300',
    'Streams to these ports live long: their circuits have Stable relays only',
  ),
  trackHostExits: single(
    'TrackHostExits',
    commaList(host, (item) => item),
    '',
    'Hosts whose streams keep to the exit that served them before',
  ),
  trackHostExitsExpire: single(
    'TrackHostExitsExpire',
    duration(),
    '1800',
    'For how long they keep to it after the last stream',
  ),
  newCircuitPeriod: single(
    'NewCircuitPeriod',
    duration(),
    '30',
    'Nothing: circuits are built when they are needed',
  ),
  confluxEnabled: single(
    'ConfluxEnabled',
    autoBoolean,
    'auto',
    'Whether two circuits to one exit may carry a stream together; auto as the consensus says',
  ),
  confluxClientUx: single(
    'ConfluxClientUX',
    confluxUx,
    'throughput',
    'What two such circuits are for; throughput, latency, or one of them with less memory (_lowmem)',
  ),
} as const
