/** The graph itself: a canvas in the theme's colours. What it shows is said in words by whoever uses it. */
import 'uplot/dist/uPlot.min.css'
import { type ReactNode, useEffect, useRef } from 'react'
import uPlot from 'uplot'
import type { Format } from '../../words/format.ts'
import { useFormat } from '../../words/words.tsx'
import { MIN_PEAK, type TrafficSeries } from './traffic-series.ts'

const HEIGHT_PX = 96
const AXIS_PX = 62
/** Not the fifth: its text would stick out. */
const LABELLED_MINUTES = [4, 2]

export function TrafficGraph({ series }: { readonly series: TrafficSeries }): ReactNode {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const format = useFormat()
  const newest = useRef(series)
  useEffect(() => {
    newest.current = series
    plot.current?.setData(toData(series))
  }, [series])
  useEffect(() => {
    const { current } = box
    if (current === null) return
    const draw = (): void => {
      plot.current?.destroy()
      plot.current = new uPlot(optionsFor(current, format), toData(newest.current), current)
    }
    draw()
    const resize = new ResizeObserver(() => {
      plot.current?.setSize({ width: current.clientWidth, height: HEIGHT_PX })
    })
    resize.observe(current)
    // A canvas does not follow the colours of the page by itself.
    const theme = new MutationObserver(draw)
    theme.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    const dark = matchMedia('(prefers-color-scheme: dark)')
    dark.addEventListener('change', draw)
    return () => {
      resize.disconnect()
      theme.disconnect()
      dark.removeEventListener('change', draw)
      plot.current?.destroy()
      plot.current = undefined
    }
  }, [format])
  return <div ref={box} aria-hidden dir="ltr" className="h-24 min-w-0 overflow-hidden" />
}

function toData([at, down, up]: TrafficSeries): uPlot.AlignedData {
  return [[...at], [...down], [...up]]
}

function optionsFor(box: HTMLElement, format: Format): uPlot.Options {
  const style = getComputedStyle(box)
  const colour = (name: string): string => style.getPropertyValue(name).trim()
  const [accent, good, soft, line] = ['--accent', '--good', '--soft', '--line'].map(colour)
  const font = `11px ${style.fontFamily}`
  return {
    width: Math.max(box.clientWidth, 100),
    height: HEIGHT_PX,
    padding: [6, 4, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: true }, y: { range: (_plot, _low, high) => [0, Math.max(high, MIN_PEAK) * 1.1] } },
    series: [
      {},
      { stroke: accent ?? '', fill: `${accent ?? ''}33`, width: 1.5, points: { show: false } },
      { stroke: good ?? '', width: 1.5, dash: [4, 3], points: { show: false } },
    ],
    axes: [
      {
        stroke: soft ?? '',
        font,
        size: 20,
        gap: 2,
        grid: { show: false },
        ticks: { show: false },
        splits: (plot) => {
          const last = plot.data[0].at(-1) ?? 0
          return LABELLED_MINUTES.map((minutes) => last - minutes * 60)
        },
        values: (plot, splits) => {
          const last = (plot.data[0].at(-1) ?? 0) * 1_000
          return splits.map((second) => format.ago(second * 1_000, last))
        },
      },
      {
        stroke: soft ?? '',
        font,
        size: AXIS_PX,
        gap: 4,
        space: 28,
        grid: { stroke: line ?? '', width: 1 },
        ticks: { show: false },
        values: (_plot, splits) => splits.map((value) => format.rate(value)),
      },
    ],
  }
}
