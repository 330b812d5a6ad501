/** A circuit in one short line. */
import type { ReactNode } from 'react'
import type { CircuitView } from '../../../electron/ipc/snapshot-circuits.ts'
import { Flag } from '../../components/CountryName.tsx'
import { classNames } from '../../components/class-names.ts'
import { useFormat, useWords } from '../../words/words.tsx'

/** The flags of its countries in their order, and empty places for relays that are still to come. */
export function CircuitWay({ circuit }: { readonly circuit: CircuitView }): ReactNode {
  const words = useWords()
  const format = useFormat()
  const names = circuit.hops.map(({ country }) =>
    country === undefined ? words('common-unknown-country') : format.country(country),
  )
  const missing = circuit.state === 'building' ? Math.max(circuit.plannedHops - circuit.hops.length, 0) : 0
  return (
    <span className="inline-flex items-center gap-1">
      <span className="sr-only">{words('circuits-way', { countries: names.join(', ') })}</span>
      <span aria-hidden className="inline-flex items-center gap-1">
        {circuit.hops.map(({ fingerprint, country }) => (
          <span key={fingerprint} className="inline-flex items-center gap-1">
            {country === undefined ? <Blank /> : <Flag country={country} />}
            <span className="tabular me-0.5 text-[0.6875rem] uppercase">{country ?? '?'}</span>
          </span>
        ))}
        {Array.from({ length: missing }, (_, index) => (
          <Blank key={index} isComing />
        ))}
      </span>
    </span>
  )
}

function Blank({ isComing = false }: { readonly isComing?: boolean }): ReactNode {
  return (
    <span
      className={classNames(
        'inline-block h-3 w-[1.125rem] rounded-[2px] border border-edge/70',
        isComing ? 'border-dashed motion-safe:animate-pulse' : 'bg-sunken',
      )}
    />
  )
}
