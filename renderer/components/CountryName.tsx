/** A country by its name, with its flag before it; the flag is decoration and is not read out. */
import type { ReactNode } from 'react'
import { useFormat, useWords } from '../words/words.tsx'

const files = import.meta.glob<string>('../../node_modules/country-flag-icons/3x2/*.svg', {
  query: '?url',
  import: 'default',
  eager: true,
})
const flags = new Map(
  Object.entries(files).map(([path, url]) => [path.slice(path.lastIndexOf('/') + 1, -'.svg'.length), url]),
)

/** What has a flag and is no country, or a part of one. */
const NO_COUNTRIES: readonly string[] = ['eu', 'un', 'ac', 'ta', 'ic']

/** Every country, by two lower-case letters. */
export const COUNTRIES: readonly string[] = [...flags.keys()]
  .map((code) => code.toLowerCase())
  .filter((code) => /^[a-z]{2}$/.test(code) && !NO_COUNTRIES.includes(code))

/** Nothing for what has no flag. */
export function Flag({ country }: { readonly country: string | undefined }): ReactNode {
  const url = flags.get((country ?? '').toUpperCase())
  return url === undefined ? null : (
    <img
      src={url}
      alt=""
      className="inline-block h-3 w-[1.125rem] shrink-0 self-center rounded-[2px] ring-1 ring-ink/15"
    />
  )
}

export function CountryName({ country }: { readonly country: string | undefined }): ReactNode {
  const format = useFormat()
  const words = useWords()
  return (
    <span className="inline-flex items-baseline gap-1.5">
      <Flag country={country} />
      <span>{country === undefined ? words('common-unknown-country') : format.country(country)}</span>
    </span>
  )
}
