/** What the log says of an error that nobody caught: what it is and where it was thrown. Its words may name addresses. */
import { systemCodeOf } from '../util/errors.ts'
import { type LogPart, sensitive } from '../util/log.ts'

export function describeCrash(thrown: unknown): readonly LogPart[] {
  if (!(thrown instanceof Error)) return [sensitive(String(thrown))]
  const code = systemCodeOf(thrown)
  const kind = code === undefined ? thrown.name : `${thrown.name} ${code}`
  return [`${kind}: `, sensitive(thrown.message), framesOf(thrown)]
}

/** The lines of the stack behind the message: functions and places in our files. Nothing where anything else is among them. */
function framesOf({ stack = '', message }: Error): string {
  const at = stack.indexOf(message)
  const [rest, ...frames] = at < 0 ? [] : stack.slice(at + message.length).split('\n')
  const isClear = rest === '' && frames.every((frame) => frame.startsWith('    at '))
  return isClear ? frames.map((frame) => `\n${frame}`).join('') : ''
}
