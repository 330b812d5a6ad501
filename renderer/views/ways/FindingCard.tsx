/** Whether the app looks for a way in by itself, where the person is, and what it remembers of networks. */
import { type ReactNode, useMemo } from 'react'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { Card } from '../../components/Card.tsx'
import { COUNTRIES, Flag } from '../../components/CountryName.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { Select, type SelectOption } from '../../components/Select.tsx'
import { Switch } from '../../components/Switch.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useCommand } from '../../state/use-command.ts'
import { useFormat, useLocale, useWords } from '../../words/words.tsx'

/** No country has this code. */
const GUESSED = 'guess'

export function FindingCard(): ReactNode {
  const words = useWords()
  const isOn = useSnapshot((snapshot) => snapshot.settings.findsOwnWay)
  const isHidden = useSnapshot((snapshot) => snapshot.settings.entry === 'hide')
  const change = useCommand('settings.change')
  return (
    <Card title={words('ways-finding')}>
      <Switch
        label={words('ways-finds-own')}
        about={words(isHidden ? 'ways-finds-own-hidden' : 'ways-finds-own-about')}
        isOn={isOn}
        isBusy={change.isRunning}
        onChange={(findsOwnWay) => void change.run({ findsOwnWay })}
      />
      <Country />
      <Remembered />
      <ErrorNote error={change.error} />
    </Card>
  )
}

function Country(): ReactNode {
  const words = useWords()
  const format = useFormat()
  const chosen = useSnapshot((snapshot) => snapshot.settings.country)
  const guess = useSnapshot((snapshot) => snapshot.ways.country)
  const { date, countries } = useSnapshot((snapshot) => snapshot.ways.map)
  const change = useCommand('settings.change')
  const isKnown = guess.code !== undefined && guess.source !== 'chosen'
  const options = useCountryOptions({
    value: GUESSED,
    label: isKnown ? words('ways-guess', { country: format.country(guess.code) }) : words('ways-guess-none'),
  })
  return (
    <>
      <Select
        label={words('ways-country')}
        about={words('ways-country-about')}
        value={chosen ?? GUESSED}
        options={options}
        isBusy={change.isRunning}
        onChange={(value) => void change.run({ country: value === GUESSED ? null : value })}
      />
      {date !== '' && (
        <p className="max-w-prose text-xs text-soft">
          {words('ways-map', { date: format.day(date), count: countries.length })}
        </p>
      )}
      <ErrorNote error={change.error} />
    </>
  )
}

/** All countries by their names, behind one other choice. */
export function useCountryOptions(first: SelectOption<string>): readonly SelectOption<string>[] {
  const format = useFormat()
  const { tag } = useLocale()
  const countries = useMemo(
    () =>
      COUNTRIES.map((country) => ({
        value: country,
        label: format.country(country),
        picture: <Flag country={country} />,
      })).sort((a, b) => a.label.localeCompare(b.label, tag)),
    [format, tag],
  )
  return [first, ...countries]
}

function Remembered(): ReactNode {
  const words = useWords()
  const count = useSnapshot((snapshot) => snapshot.ways.rememberedNetworks)
  const forget = useCommand('ways.forget-networks')
  const run = async (): Promise<void> => {
    const outcome = await forget.run()
    if (outcome.ok) announce(words('ways-forgotten'))
  }
  if (count === 0) return null
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p className="min-w-0 grow basis-64 text-soft">{words('ways-remembered', { count })}</p>
        <Button isBusy={forget.isRunning} onClick={() => void run()}>
          {words('ways-forget')}
        </Button>
      </div>
      <ErrorNote error={forget.error} />
    </>
  )
}
