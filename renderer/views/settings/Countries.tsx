/** Countries whose relays are never used. */
import { Plus, X } from 'lucide-react'
import { type ReactNode, useMemo, useState } from 'react'
import { Button } from '../../components/Button.tsx'
import { Card } from '../../components/Card.tsx'
import { CountryName, COUNTRIES, Flag } from '../../components/CountryName.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { IconButton } from '../../components/IconButton.tsx'
import { Notice } from '../../components/Notice.tsx'
import { Select } from '../../components/Select.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useCommand } from '../../state/use-command.ts'
import { useFormat, useLocale, useWords } from '../../words/words.tsx'

/** From so many on, what is left is few enough to be worth a warning. */
const MANY = 5

export function Countries(): ReactNode {
  const words = useWords()
  const format = useFormat()
  const excluded = useSnapshot((snapshot) => snapshot.settings.excludedCountries)
  const change = useCommand('settings.change')
  const set = (excludedCountries: readonly string[]): void =>
    void change.run({ excludedCountries: [...excludedCountries] })
  return (
    <Card title={words('settings-countries')} about={words('settings-countries-about')}>
      {excluded.length > 0 && (
        <ul className="flex flex-wrap gap-2">
          {excluded.map((country) => (
            <li
              key={country}
              className="flex items-center gap-1 rounded-full border border-line bg-sunken ps-3 pe-1"
            >
              <CountryName country={country} />
              <IconButton
                icon={X}
                label={words('settings-countries-remove', { country: format.country(country) })}
                onClick={() => set(excluded.filter((each) => each !== country))}
              />
            </li>
          ))}
        </ul>
      )}
      <Adder excluded={excluded} isBusy={change.isRunning} onAdd={(country) => set([...excluded, country])} />
      {excluded.length >= MANY && <Notice tone="warn">{words('settings-countries-many')}</Notice>}
      <ErrorNote error={change.error} />
    </Card>
  )
}

interface AdderProps {
  readonly excluded: readonly string[]
  readonly isBusy: boolean
  readonly onAdd: (country: string) => void
}

function Adder({ excluded, isBusy, onAdd }: AdderProps): ReactNode {
  const words = useWords()
  const format = useFormat()
  const { tag } = useLocale()
  const [chosen, setChosen] = useState('')
  const options = useMemo(
    () =>
      COUNTRIES.filter((country) => !excluded.includes(country))
        .map((country) => ({
          value: country,
          label: format.country(country),
          picture: <Flag country={country} />,
        }))
        .sort((a, b) => a.label.localeCompare(b.label, tag)),
    [excluded, format, tag],
  )
  return (
    <div className="flex flex-wrap items-end gap-2">
      <Select
        label={words('settings-countries-choose')}
        placeholder={words('settings-countries-none')}
        value={chosen}
        options={options}
        onChange={setChosen}
      />
      <Button
        icon={Plus}
        disabled={chosen === ''}
        isBusy={isBusy}
        onClick={() => {
          onAdd(chosen)
          setChosen('')
        }}
      >
        {words('settings-countries-add')}
      </Button>
    </div>
  )
}
