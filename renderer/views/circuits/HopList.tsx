/** The hops of a circuit one under the other, from the person to the site, and why each relay has its place. */
import { Globe, House, KeyRound, LoaderCircle } from 'lucide-react'
import type { ReactNode } from 'react'
import type { CircuitView, HopView } from '../../../electron/ipc/snapshot-circuits.ts'
import { CopyButton } from '../../components/CopyButton.tsx'
import { CountryName } from '../../components/CountryName.tsx'
import { classNames } from '../../components/class-names.ts'
import { leadsBeyond } from '../../map/scene.ts'
import { useFormat, useWords } from '../../words/words.tsx'
import { reasonText } from './circuit-words.ts'
import { activateRelay, useSelection } from './selection.ts'

interface HopListProps {
  readonly circuit: CircuitView
  readonly ownCountry: string | undefined
}

export function HopList({ circuit, ownCountry }: HopListProps): ReactNode {
  const words = useWords()
  const pending = circuit.state === 'building' ? Math.max(circuit.plannedHops - circuit.hops.length, 0) : 0
  return (
    <ol aria-label={words('circuits-hops')} className="flex flex-col">
      <You ownCountry={ownCountry} />
      {circuit.hops.map((hop, index) => (
        <Hop key={hop.fingerprint} hop={hop} order={index + 1} />
      ))}
      {pending > 0 && (
        <Step picture={<LoaderCircle aria-hidden className="size-3.5 motion-safe:animate-spin" />} isLast>
          <p className="text-soft">{words('circuits-hop-pending', { count: pending })}</p>
        </Step>
      )}
      {leadsBeyond(circuit) && <Target circuit={circuit} />}
    </ol>
  )
}

function You({ ownCountry }: { readonly ownCountry: string | undefined }): ReactNode {
  const words = useWords()
  const format = useFormat()
  return (
    <Step picture={<House aria-hidden className="size-3.5" />}>
      <p className="font-medium">{words('circuits-hop-you')}</p>
      <p className="text-xs text-soft">
        {ownCountry === undefined
          ? words('circuits-hop-you-unknown')
          : words('circuits-hop-you-known', { country: format.country(ownCountry) })}
      </p>
    </Step>
  )
}

function Target({ circuit }: { readonly circuit: CircuitView }): ReactNode {
  const words = useWords()
  const format = useFormat()
  const exit = circuit.hops.at(-1)?.country
  if (circuit.purpose === 'internal') {
    return (
      <Step picture={<KeyRound aria-hidden className="size-3.5" />} isLast>
        <p className="font-medium">{words('circuits-hop-onion')}</p>
        <p className="text-xs text-soft">{words('circuits-hop-onion-about')}</p>
      </Step>
    )
  }
  return (
    <Step picture={<Globe aria-hidden className="size-3.5" />} isLast>
      <p className="copyable font-medium break-words">{format.list(circuit.sites)}</p>
      <p className="text-xs text-soft">
        {exit === undefined
          ? words('circuits-hop-site-about-unknown')
          : words('circuits-hop-site-about', { country: format.country(exit) })}
      </p>
    </Step>
  )
}

function Hop({ hop, order }: { readonly hop: HopView; readonly order: number }): ReactNode {
  const words = useWords()
  const format = useFormat()
  const { relay } = useSelection()
  return (
    <Step
      picture={<span className="text-xs font-bold">{order}</span>}
      isRelay
      isActive={relay === hop.fingerprint}
      onActivate={(isActive) => activateRelay(isActive ? hop.fingerprint : undefined)}
    >
      <div className="flex flex-wrap items-baseline justify-between gap-x-3">
        <p className="font-medium">
          <CountryName country={hop.country} />
        </p>
        <p className="text-xs font-medium text-accent">{words(`circuits-role-${hop.role}`)}</p>
      </div>
      <p className="tabular flex flex-wrap justify-between gap-x-3 text-xs">
        <span className="copyable flex flex-wrap gap-x-2">
          <span className="font-medium break-all">{hop.nickname}</span>
          <span className="text-soft break-all">{hop.address}</span>
        </span>
        {hop.rttMs !== undefined && (
          <span className="text-soft">
            {words('circuits-rtt', { time: format.milliseconds(Math.round(hop.rttMs)) })}
          </span>
        )}
      </p>
      <p className="mt-0.5 text-xs text-soft">{reasonText(hop, words, format)}</p>
      <RelayFacts hop={hop} />
    </Step>
  )
}

function RelayFacts({ hop }: { readonly hop: HopView }): ReactNode {
  const words = useWords()
  return (
    <details className="mt-0.5 text-xs">
      <summary className="w-fit text-soft hover:text-ink">{words('circuits-relay-details')}</summary>
      <dl className="mt-1 grid grid-cols-[auto_minmax(0,1fr)] items-baseline gap-x-3 gap-y-0.5">
        {hop.flags.length > 0 && (
          <>
            <dt className="text-soft">{words('circuits-flags')}</dt>
            <dd className="copyable">{hop.flags.join(', ')}</dd>
          </>
        )}
        <dt className="text-soft">{words('circuits-fingerprint')}</dt>
        <dd className="flex items-center gap-1">
          <span className="copyable min-w-0 font-mono text-[0.6875rem] break-all">
            {hop.fingerprint.replace(/(.{4})(?=.)/g, '$1 ')}
          </span>
          <CopyButton
            text={hop.fingerprint}
            label={words('circuits-copy-fingerprint', { relay: hop.nickname })}
          />
        </dd>
      </dl>
    </details>
  )
}

interface StepProps {
  readonly picture: ReactNode
  readonly isRelay?: boolean
  readonly isActive?: boolean
  readonly isLast?: boolean
  readonly onActivate?: (isActive: boolean) => void
  readonly children: ReactNode
}

/** One place on the way, with the line that leads to the next. */
function Step({ picture, isRelay, isActive, isLast, onActivate, children }: StepProps): ReactNode {
  return (
    <li
      className={classNames(
        'relative flex gap-3 rounded-control px-1.5 pt-1 pb-3 transition-colors',
        isActive === true && 'bg-accent/10',
      )}
      onPointerEnter={() => onActivate?.(true)}
      onPointerLeave={() => onActivate?.(false)}
      onFocus={() => onActivate?.(true)}
      onBlur={() => onActivate?.(false)}
    >
      {isLast !== true && (
        <span aria-hidden className="absolute start-[1.05rem] top-7 -bottom-1 w-px bg-accent/45" />
      )}
      <span
        className={classNames(
          'z-[1] mt-0.5 inline-flex size-[1.375rem] shrink-0 items-center justify-center rounded-full',
          isRelay === true ? 'bg-accent text-on-accent' : 'border border-edge bg-raised text-ink',
        )}
      >
        {picture}
      </span>
      <div className="min-w-0 grow">{children}</div>
    </li>
  )
}
