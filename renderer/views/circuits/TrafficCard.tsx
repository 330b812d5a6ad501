/** How much goes to and fro: now, in the last five minutes, and since the app connected. */
import { ArrowDown, ArrowUp } from 'lucide-react'
import { type ReactNode, useMemo } from 'react'
import { useSnapshot } from '../../state/store.ts'
import { useNow } from '../../state/use-now.ts'
import { useFormat, useWords } from '../../words/words.tsx'
import { figuresOf, GRAPH_SECONDS, lastMovedMs, seriesOf } from './traffic-series.ts'
import { TrafficGraph } from './TrafficGraph.tsx'

export function TrafficCard(): ReactNode {
  const words = useWords()
  const format = useFormat()
  const { samples, readBytes, writtenBytes } = useSnapshot((snapshot) => snapshot.traffic)
  // Once the last that moved is out of the graph, a later picture is the same.
  const untilMs = useMemo(() => lastMovedMs(samples) + GRAPH_SECONDS * 1_000, [samples])
  const nowMs = useNow(1_000, { untilMs })
  const series = useMemo(() => seriesOf(samples, nowMs), [samples, nowMs])
  const { down, up, peakDown, peakUp } = useMemo(() => figuresOf(samples, nowMs), [samples, nowMs])
  const isQuiet = peakDown === 0 && peakUp === 0
  return (
    <section
      aria-label={words('circuits-traffic-title')}
      className="flex flex-col gap-2 rounded-card border border-line bg-raised px-4 pt-3 pb-2 shadow-card"
    >
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
        <h2 className="text-[0.9375rem] font-semibold">{words('circuits-traffic-title')}</h2>
        <dl className="tabular flex flex-wrap gap-x-5 gap-y-1">
          <Total kind="down" total={format.bytes(readBytes)} rate={format.rate(down)} />
          <Total kind="up" total={format.bytes(writtenBytes)} rate={format.rate(up)} />
        </dl>
      </div>
      <p className="sr-only">
        {isQuiet
          ? words('circuits-traffic-quiet')
          : words('circuits-traffic-summary', {
              down: format.rate(down),
              up: format.rate(up),
              peakDown: format.rate(peakDown),
              peakUp: format.rate(peakUp),
            })}
      </p>
      <TrafficGraph series={series} />
    </section>
  )
}

function Total({
  kind,
  total,
  rate,
}: {
  readonly kind: 'down' | 'up'
  readonly total: string
  readonly rate: string
}): ReactNode {
  const words = useWords()
  const Icon = kind === 'down' ? ArrowDown : ArrowUp
  return (
    <div className="flex items-center gap-1.5" title={words('circuits-traffic-session')}>
      <Icon aria-hidden className={kind === 'down' ? 'size-4 text-accent' : 'size-4 text-good'} />
      <dt className="text-soft">{words(`circuits-traffic-${kind}`)}</dt>
      <dd className="flex items-baseline gap-1.5">
        <span className="font-medium">{total}</span>
        <span className="text-xs text-soft">{words('circuits-traffic-now', { rate })}</span>
      </dd>
    </div>
  )
}
