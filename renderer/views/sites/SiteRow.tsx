/** One site: where it sees the person, its circuit, its rules, and what was refused because of them. */
import { ArrowDown, ArrowUp, Ban, OctagonAlert, Pin } from 'lucide-react'
import { type ReactNode, useEffect, useRef } from 'react'
import type { SiteView } from '../../../electron/ipc/snapshot-circuits.ts'
import { Ago } from '../../components/Ago.tsx'
import { CountryName, Flag } from '../../components/CountryName.tsx'
import { classNames } from '../../components/class-names.ts'
import { useErrorWords } from '../../components/ErrorNote.tsx'
import { useFormat, useWords } from '../../words/words.tsx'
import type { Ways } from '../circuits/circuit-groups.ts'
import { CircuitWay } from '../circuits/CircuitWay.tsx'
import { forgetOpenedSite, useSelection } from '../circuits/selection.ts'
import { SiteActions } from './SiteActions.tsx'
import { isOnion } from './site-names.ts'

interface SiteRowProps {
  readonly site: SiteView
  /** The newest circuit or set that serves it. */
  readonly ways: Ways | undefined
}

export function SiteRow({ site, ways }: SiteRowProps): ReactNode {
  const row = useRef<HTMLLIElement>(null)
  const isOpened = useSelection().site === site.site
  useEffect(() => {
    if (!isOpened) return
    row.current?.scrollIntoView({ block: 'center' })
    row.current?.focus()
    forgetOpenedSite()
  }, [isOpened])
  return (
    <li
      ref={row}
      tabIndex={-1}
      data-testid="site"
      aria-label={site.site}
      className="flex flex-col gap-2 rounded-card border border-line bg-raised px-3 py-2.5 shadow-card"
    >
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <Mark site={site} />
        <div className="flex min-w-72 flex-1 flex-col gap-0.5">
          <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <h2 className="copyable max-w-[min(26rem,100%)] truncate font-semibold" title={site.site}>
              {site.site}
            </h2>
            <Rules site={site} />
          </div>
          <Facts site={site} ways={ways} />
        </div>
        <SiteActions site={site} circuit={ways?.[0]} />
      </div>
      <Refusal site={site} />
    </li>
  )
}

/** In place of the site's own picture: asking for that would tell somebody where the person goes. */
function Mark({ site: { site, policy } }: { readonly site: SiteView }): ReactNode {
  return (
    <span
      aria-hidden
      className={classNames(
        'inline-flex size-9 shrink-0 items-center justify-center rounded-control text-base font-semibold uppercase',
        policy.isBlocked ? 'bg-bad/12 text-bad' : 'bg-accent/12 text-accent',
      )}
    >
      {policy.isBlocked ? <Ban className="size-5" /> : site.slice(0, 1)}
    </span>
  )
}

const BADGE = 'inline-flex items-center gap-1 rounded-full border px-2 text-xs font-medium'

function Rules({ site: { policy } }: { readonly site: SiteView }): ReactNode {
  const words = useWords()
  const format = useFormat()
  return (
    <>
      {policy.isBlocked && (
        <span className={`${BADGE} border-bad/50 text-bad`}>{words('sites-rule-blocked')}</span>
      )}
      {policy.exitCountry !== undefined && (
        <span className={`${BADGE} border-accent/50 text-accent`}>
          <Flag country={policy.exitCountry} />
          {words('sites-rule-country', { country: format.country(policy.exitCountry) })}
        </span>
      )}
      {policy.pin !== undefined && (
        <span className={`${BADGE} border-accent/50 text-accent`}>
          <Pin aria-hidden className="size-3" />
          {words('sites-rule-pin', { time: format.dateTime(policy.pin.untilMs) })}
        </span>
      )}
    </>
  )
}

function Facts({ site, ways }: SiteRowProps): ReactNode {
  const words = useWords()
  const format = useFormat()
  const isUsed = site.lastUsedMs !== undefined
  if (!isUsed && site.circuitIds.length === 0) {
    return <p className="text-xs text-soft">{words('sites-seen-from-nowhere')}</p>
  }
  return (
    <div className="tabular flex flex-wrap items-center gap-x-3 gap-y-0.5 text-xs text-soft">
      <SeenFrom site={site} />
      {ways?.map((way) => (
        <CircuitWay key={way.id} circuit={way} />
      ))}
      {ways !== undefined && ways.length > 1 && <span>{words('circuits-set', { count: ways.length })}</span>}
      {site.streams > 0 && <span>{words('circuits-streams', { count: site.streams })}</span>}
      {site.readBytes + site.writtenBytes > 0 && (
        <span>
          <span aria-hidden className="inline-flex items-center gap-0.5">
            <ArrowDown className="size-3" />
            {format.bytes(site.readBytes)}
            <ArrowUp className="ms-1 size-3" />
            {format.bytes(site.writtenBytes)}
          </span>
          <span className="sr-only">
            {words('circuits-traffic', {
              down: format.bytes(site.readBytes),
              up: format.bytes(site.writtenBytes),
            })}
          </span>
        </span>
      )}
      {site.lastUsedMs !== undefined && (
        <span>
          {words('sites-used')} <Ago atMs={site.lastUsedMs} />
        </span>
      )}
    </div>
  )
}

function SeenFrom({ site }: { readonly site: SiteView }): ReactNode {
  const words = useWords()
  if (isOnion(site.site)) return <span>{words('sites-onion')}</span>
  if (site.circuitIds.length === 0) return <span>{words('sites-seen-from-nowhere')}</span>
  return (
    <span className="inline-flex items-center gap-1.5 font-medium text-ink">
      <span className="font-normal text-soft">{words('sites-seen-from')}</span>
      <CountryName country={site.seenFromCountry} />
    </span>
  )
}

/** What was refused last, and why, as long as the rule that did it holds. */
function Refusal({ site: { refusal, policy } }: { readonly site: SiteView }): ReactNode {
  const words = useWords()
  const format = useFormat()
  const errorWords = useErrorWords()
  if (refusal === undefined) return null
  const { kind, atMs } = refusal
  const text = (): string => {
    if (kind === 'blocked') return words('sites-refused-blocked')
    if (kind === 'no-path' && policy.exitCountry !== undefined) {
      return words('sites-refused-country', { country: format.country(policy.exitCountry) })
    }
    if (kind === 'no-path' && policy.pin !== undefined) return words('sites-refused-pin')
    return words('sites-refused-other', { why: errorWords(kind) })
  }
  return (
    <p data-testid="refusal" className="flex items-start gap-2 rounded-control bg-bad/8 px-2.5 py-1.5">
      <OctagonAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />
      <span className="min-w-0">
        {text()}{' '}
        <span className="text-soft">
          <Ago atMs={atMs} />
        </span>
      </span>
    </p>
  )
}
