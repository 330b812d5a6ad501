/** What a bridge's health comes to for a person: a sentence, a colour, and whether it counts as usable. */
import type { BridgeView } from '../../../electron/ipc/snapshot-bridges.ts'
import { useAgo } from '../../words/use-ago.ts'
import { useFormat, useWords } from '../../words/words.tsx'

export type BridgeTone = 'good' | 'bad' | 'warn' | 'soft'

export interface BridgeStatus {
  readonly tone: BridgeTone
  readonly text: string
  /** A second sentence, where there is more to know. */
  readonly more: string | undefined
}

export function useBridgeStatus(bridge: BridgeView, transportName: string): BridgeStatus {
  const words = useWords()
  const format = useFormat()
  const ago = useAgo(bridge.lastWorkedMs)
  const worked = ago === undefined ? undefined : words('bridges-health-failing-worked', { ago })
  if (bridge.health === 'unavailable') {
    return {
      tone: 'warn',
      text: words('bridges-health-unavailable'),
      more: words('bridges-health-unavailable-hint', { transport: transportName }),
    }
  }
  if (!bridge.isEnabled) return { tone: 'soft', text: words('bridges-health-off'), more: worked }
  switch (bridge.health) {
    case 'in-use':
      return { tone: 'good', text: words('bridges-health-in-use'), more: undefined }
    case 'works':
      return {
        tone: 'good',
        text:
          ago === undefined ? words('bridges-health-works') : words('bridges-health-works-since', { ago }),
        more: undefined,
      }
    case 'failing':
      return {
        tone: 'bad',
        text:
          bridge.failingSinceMs === undefined
            ? words('bridges-health-failing')
            : words('bridges-health-failing-since', { time: format.dateTime(bridge.failingSinceMs) }),
        more: worked,
      }
    case 'unknown':
      return { tone: 'soft', text: words('bridges-health-unknown'), more: worked }
  }
}

export const isUsable = (bridge: BridgeView): boolean => bridge.isEnabled && bridge.health !== 'unavailable'
