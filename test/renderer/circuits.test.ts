/** The circuits drawn on the map, and the list that does beside it all that a mouse can do there. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { CircuitView } from '../../electron/ipc/snapshot-circuits.ts'
import { CommandFailure } from './support/fake-main.ts'
import {
  checkAxe,
  clippedControls,
  LOOKS,
  openApp,
  plain,
  screenshot,
  unreachable,
} from './support/open-app.ts'
import { circuit, hop, NOW_MS, snapshotIn } from './support/snapshots.ts'

const BUSY = snapshotIn('connected')
const ROWS = '[data-testid="circuit"] > button'

describe('the map of circuits', () => {
  it('draws every circuit, and marks every relay once', async () => {
    const { page } = await openApp({ snapshot: BUSY, view: 'circuits' })
    expect(await page.getByTestId('map-circuit').count()).toBe(3)
    // One guard that all share, two middles, two exits.
    expect(await page.getByTestId('map-relay').count()).toBe(5)
    const picture = page.getByRole('img', { name: /World map/ })
    expect(plain((await picture.getAttribute('aria-label')) ?? '')).toBe(
      'World map with 3 circuits through 5 relays.',
    )
  })

  it('follows the selected circuit from the person to the site, in arcs and in words', async () => {
    const { page } = await openApp({ snapshot: BUSY, view: 'circuits' })
    await rowOf(page, 'example.com').click()
    const kinds = await page
      .getByTestId('map-leg')
      .evaluateAll((legs) => legs.map((leg) => leg.dataset['kind']))
    expect(kinds).toEqual(['entry', 'between', 'between', 'beyond'])
    expect(await stops(page)).toEqual([
      'You place not known',
      'Germany guard',
      'Norway middle',
      'Netherlands exit',
      'example.com',
    ])
    // The others step back; the selected one is drawn by its legs.
    expect(await page.getByTestId('map-circuit').count()).toBe(2)
  })

  it('guesses no place for the person: at the edge while the country is not known, in it once it is', async () => {
    const { page, main } = await openApp({ snapshot: BUSY, view: 'circuits' })
    expect(await stops(page)).toEqual(['You place not known'])
    await main.change({ circuits: { ...BUSY.circuits, ownCountry: 'it' } })
    expect(await stops(page)).toEqual(['You'])
    await rowOf(page, 'example.com').click()
    await page.getByText('as far as Allium can tell').waitFor()
  })

  it('draws a circuit hop by hop while it is built', async () => {
    const { page, main } = await openApp({ snapshot: BUSY, view: 'circuits' })
    const row = page.locator(ROWS).first()
    await row.click()
    expect(plain(await row.innerText())).toContain('1 of 3 relays')
    expect(await page.getByTestId('map-leg').count()).toBe(1)
    await page.getByText('more relays to come').waitFor()

    const [guard] = circuit().hops
    const [middle, exit] = [
      hop('middle', 'kelp', 'pt', { kind: 'weight' }),
      hop('exit', 'osprey', 'se', { kind: 'exit-policy' }),
    ]
    await main.change({ circuits: withBuilding([guard, middle], 'building') })
    await page.getByText('One more relay to come').waitFor()
    expect(await page.getByTestId('map-leg').count()).toBe(2)

    await main.change({ circuits: withBuilding([guard, middle, exit], 'open') })
    expect(await page.getByTestId('map-leg').count()).toBe(3)
    expect(plain(await page.locator(`${ROWS}[aria-expanded="true"]`).innerText())).toContain('In reserve')
  })

  it('says where an onion service circuit ends: at relays that only the service knows', async () => {
    const onion = circuit({
      id: 30,
      purpose: 'internal',
      sites: [],
      hops: [...circuit().hops.slice(0, 2), hop('end', 'meeting', 'fi', { kind: 'weight' })],
    })
    const { page } = await openApp({
      snapshot: snapshotIn('connected', { circuits: { circuits: [onion], ownCountry: undefined } }),
      view: 'circuits',
    })
    await page.locator(ROWS).click()
    expect((await stops(page)).at(-1)).toBe('Onion service relays')
    await page.getByText('there is no exit').waitFor()
  })

  it('keeps relays of unknown countries in a tray, named by themselves', async () => {
    const unknown = circuit({ hops: [hop('guard', 'nowhere', undefined, { kind: 'bridge' })], sites: [] })
    const { page } = await openApp({
      snapshot: snapshotIn('connected', { circuits: { circuits: [unknown], ownCountry: undefined } }),
      view: 'circuits',
    })
    await page.getByText('Country not known').waitFor()
    await page.locator(ROWS).click()
    expect(await stops(page)).toEqual(['You place not known', 'nowhere guard'])
    await page.getByText('Your bridge, an entry that no public list names.').waitFor()
  })

  it('does not touch the picture when only bytes were counted, with sixty circuits', async () => {
    const many = manyCircuits(60)
    const { page, main } = await openApp({
      snapshot: snapshotIn('connected', { circuits: { circuits: many, ownCountry: undefined } }),
      view: 'circuits',
    })
    await page.getByTestId('map-circuit').nth(59).waitFor({ state: 'attached' })
    await page.evaluate(() => {
      const seen: string[] = []
      const observer = new MutationObserver((records) => seen.push(...records.map(({ type }) => type)))
      const picture = document.querySelector('[data-testid="map"] svg')
      if (picture === null) throw new Error('there is no map')
      observer.observe(picture, { attributes: true, childList: true, subtree: true })
      Object.assign(window, { seenMutations: seen })
    })
    for (let round = 1; round <= 8; round++) {
      await main.change({
        circuits: {
          circuits: many.map((each) => ({ ...each, readBytes: each.readBytes + round * 1_000 })),
          ownCountry: undefined,
        },
      })
    }
    expect(await page.evaluate(() => JSON.stringify(Reflect.get(window, 'seenMutations')))).toBe('[]')
  })

  it('selects by a click on a relay or an arc, lets go by a click on the sea, and shows the whole world', async () => {
    const { page } = await openApp({ snapshot: BUSY, view: 'circuits' })
    await page.getByTestId('map-relay').nth(1).locator('circle').click()
    expect(await page.locator(`${ROWS}[aria-expanded="true"]`).count()).toBe(1)
    const closely = await landTransform(page)
    await page.getByRole('button', { name: 'Show the whole world' }).click()
    expect(await landTransform(page)).not.toBe(closely)
    await page.getByRole('img', { name: /World map/ }).click({ position: { x: 240, y: 320 } })
    expect(await page.locator(`${ROWS}[aria-expanded="true"]`).count()).toBe(0)
  })
})

describe('the list of circuits', () => {
  it('says of each hop what it is and why it is there', async () => {
    const { page } = await openApp({ snapshot: BUSY, view: 'circuits' })
    await rowOf(page, 'example.org').click()
    const hops = plain(await page.getByRole('list', { name: 'Relays of this circuit' }).innerText())
    expect(hops).toContain('Germany Entry (guard) Sommerwind')
    expect(hops).toContain('round trip 31 ms')
    expect(hops).toContain('Your entry relay since 13 Nov 2026. It may not change for months')
    expect(hops).toContain('New Zealand Middle kiwifruit')
    expect(hops).toContain('Drawn by lot.')
    expect(hops).toContain('Your rule for this site: it is to see you in Iceland.')
    expect(hops).toContain('example.org Sees only the exit relay, in Iceland.')
  })

  it('shows the relay on the map that is pointed at, or has the focus, in the list', async () => {
    const { page } = await openApp({ snapshot: BUSY, view: 'circuits' })
    await rowOf(page, 'example.org').click()
    await page.mouse.move(0, 0)
    expect(await page.getByTestId('map-card').count()).toBe(0)
    await page.locator('summary').nth(1).focus()
    expect(plain(await page.getByTestId('map-card').innerText())).toContain('kiwifruit')
  })

  it('copies a fingerprint, and all details as plain text', async () => {
    const { page, main } = await openApp({ snapshot: BUSY, view: 'circuits' })
    await rowOf(page, 'example.com').click()
    await page.locator('summary').first().click()
    await page.getByRole('button', { name: /Copy the fingerprint of .*Sommerwind/ }).click()
    await page.getByRole('button', { name: 'Copy details' }).click()
    await page.getByText('Copied').first().waitFor()
    const [fingerprint, details] = main.callsOf('clipboard.write')
    expect(fingerprint).toBe(circuit().hops[0]?.fingerprint)
    expect(details).toContain('Circuit 12: example.com\n')
    expect(details).toContain('State: open, 4 min')
    expect(details).toContain('3. Exit: QuietHarbour, Netherlands, ')
    expect(details).toContain(`fingerprint ${circuit().hops[2]?.fingerprint}`)
    // No invisible marks in what is pasted elsewhere.
    expect(details).not.toMatch(/[\u2066-\u2069]/)
  })

  it('closes an unused circuit at once, and asks before connections are cut', async () => {
    const idle = circuit({ id: 40, streams: 0, sites: [] })
    const snapshot = snapshotIn('connected', {
      circuits: { circuits: [circuit(), idle], ownCountry: undefined },
    })
    const { page, main } = await openApp({ snapshot, view: 'circuits' })
    await rowOf(page, 'In reserve').click()
    await page.getByRole('button', { name: 'Close circuit' }).click()
    expect(main.callsOf('circuit.close')).toEqual([40])

    await rowOf(page, 'example.com').click()
    await page.getByRole('button', { name: 'Close circuit' }).click()
    const dialog = page.getByRole('alertdialog')
    expect(plain(await dialog.innerText())).toContain('2 connections are open on it and will be cut off.')
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await dialog.waitFor({ state: 'hidden' })
    expect(main.callsOf('circuit.close')).toEqual([40])
    await page.getByRole('button', { name: 'Close circuit' }).click()
    await dialog.getByRole('button', { name: 'Close circuit' }).click()
    await dialog.waitFor({ state: 'hidden' })
    expect(main.callsOf('circuit.close')).toEqual([40, 12])
  })

  it.each(LOOKS)(
    'shows the circuits of a set as two ways to one exit, and closes them as one: $name',
    async (look) => {
      const { page, main } = await openApp({
        ...look,
        snapshot: snapshotIn('connected', { circuits: { circuits: setOfTwo(), ownCountry: undefined } }),
        view: 'circuits',
      })
      expect(await page.locator(ROWS).count()).toBe(1)
      expect(plain(await page.locator(ROWS).innerText())).toContain('two ways to the same exit')
      await page.locator(ROWS).click()
      await page.getByText('Two circuits carry this traffic together').waitFor()
      await page.getByRole('heading', { name: /^Way .?2.?$/ }).waitFor()
      expect(await stops(page)).toEqual([
        'You place not known',
        'Germany guard',
        'Norway middle',
        'Netherlands exit',
        'Finland guard',
        'France middle',
        'example.com',
      ])
      await checkAxe(page)
      await screenshot(page, `circuits-set-${look.name}`)
      await page.getByRole('button', { name: 'Close circuit' }).click()
      await page.getByRole('alertdialog').getByRole('button', { name: 'Close circuit' }).click()
      await page.getByRole('alertdialog').waitFor({ state: 'hidden' })
      expect(main.callsOf('circuit.close')).toEqual([12])
    },
  )

  it('says why a circuit could not be closed', async () => {
    const { page } = await openApp({
      snapshot: snapshotIn('connected', {
        circuits: { circuits: [circuit({ streams: 0 })], ownCountry: undefined },
      }),
      handlers: {
        'circuit.close': async () => {
          throw new CommandFailure('closed')
        },
      },
      view: 'circuits',
    })
    await page.locator(ROWS).click()
    await page.getByRole('button', { name: 'Close circuit' }).click()
    expect(await page.getByRole('alert').innerText()).toContain('That is already closed.')
  })

  it('can be narrowed, and says when nothing fits', async () => {
    const { page, main } = await openApp({ snapshot: BUSY, view: 'circuits' })
    await page.getByText('Used', { exact: true }).click()
    expect(await page.locator(ROWS).count()).toBe(2)
    await page.getByText('Being built', { exact: true }).first().click()
    expect(await page.locator(ROWS).count()).toBe(1)
    await main.change({ circuits: { circuits: [circuit()], ownCountry: undefined } })
    await page.getByText('No circuit fits this filter.').waitFor()
  })

  it('lets go of a circuit that is gone', async () => {
    const { page, main } = await openApp({ snapshot: BUSY, view: 'circuits' })
    await rowOf(page, 'example.com').click()
    await main.change({ circuits: { circuits: BUSY.circuits.circuits.slice(1), ownCountry: undefined } })
    expect(await page.getByTestId('map-leg').count()).toBe(0)
    expect(await stops(page)).toEqual(['You place not known'])
  })

  it('says what to do when there is none', async () => {
    const { page } = await openApp({ snapshot: snapshotIn('off'), view: 'circuits' })
    await page.getByRole('button', { name: 'Go to Connect' }).click()
    await page.locator('main[data-view="connect"]').waitFor()
  })

  it('says the traffic of the last five minutes in words, and the totals', async () => {
    const { page } = await openApp({ snapshot: BUSY, view: 'circuits' })
    const card = page.getByRole('region', { name: 'Traffic' }).locator('visible=true').first()
    const text = plain(await card.innerText())
    expect(text).toContain('Received 5.1 MB')
    expect(text).toContain('Sent 352 kB')
    expect(plain((await card.textContent()) ?? '')).toContain('Traffic of the last five minutes.')
    expect(await card.locator('canvas').count()).toBe(1)
  })

  it('is used by keyboard alone', async () => {
    const { page, main } = await openApp({ snapshot: BUSY, view: 'circuits' })
    await rowOf(page, 'example.com').focus()
    await page.keyboard.press('Enter')
    expect(await page.getByTestId('map-leg').count()).toBe(4)
    await page.getByRole('button', { name: 'Close circuit' }).focus()
    await page.keyboard.press('Space')
    // The safe answer has the focus.
    await page.getByRole('button', { name: 'Cancel' }).and(page.locator(':focus')).waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('alertdialog').waitFor({ state: 'hidden' })
    expect(main.callsOf('circuit.close')).toEqual([])
    await page.getByRole('radio', { name: 'All' }).focus()
    await page.keyboard.press('ArrowRight')
    expect(await page.locator(ROWS).count()).toBe(2)
  })

  it('leaves no control out of the reach of the Tab key', async () => {
    const { page } = await openApp({ snapshot: BUSY, view: 'circuits' })
    await rowOf(page, 'example.com').click()
    expect(await unreachable(page)).toEqual([])
  })
})

describe('the circuits view', () => {
  it.each(LOOKS)('has no fault in accessibility and cuts nothing off: $name', async (look) => {
    const { page } = await openApp({ snapshot: BUSY, view: 'circuits', ...look })
    const name = `circuits-${look.name}`
    await checkAxe(page)
    await screenshot(page, name)
    await rowOf(page, 'example.com').click()
    await checkAxe(page)
    expect(await clippedControls(page)).toEqual([])
    await screenshot(page, `${name}-selected`)
  })
})

function setOfTwo(): readonly CircuitView[] {
  const first = circuit({ setId: 14 })
  const hops = [
    hop('guard', 'northgate', 'fi', { kind: 'guard', sinceMs: NOW_MS }, 40),
    hop('middle', 'beaujour', 'fr', { kind: 'weight' }, 80),
    ...first.hops.slice(2),
  ]
  return [first, circuit({ id: 13, setId: 14, hops })]
}

function rowOf(page: Page, name: string): ReturnType<Page['locator']> {
  return page.locator(ROWS).filter({ hasText: name })
}

/** What is written beside the places of the selected circuit. */
async function stops(page: Page): Promise<readonly string[]> {
  const labels = await page.getByRole('list', { name: 'The selected circuit' }).getByRole('listitem').all()
  return Promise.all(labels.map(async (label) => plain(await label.innerText())))
}

async function landTransform(page: Page): Promise<string | null> {
  return page.locator('.map-land').locator('..').getAttribute('transform')
}

function withBuilding(
  hops: readonly (CircuitView['hops'][number] | undefined)[],
  state: CircuitView['state'],
): typeof BUSY.circuits {
  return {
    ...BUSY.circuits,
    circuits: BUSY.circuits.circuits.map((each) =>
      each.id === 15 ? { ...each, state, hops: hops.flatMap((one) => one ?? []) } : each,
    ),
  }
}

function manyCircuits(count: number): readonly CircuitView[] {
  const countries = ['us', 'fr', 'nl', 'se', 'ro', 'ca', 'jp', 'br', 'au', 'za']
  return Array.from({ length: count }, (_, id) =>
    circuit({
      id,
      createdMs: NOW_MS - id * 1_000,
      sites: [`site${id}.example`],
      hops: [
        ...circuit().hops.slice(0, 1),
        hop('middle', `middle${id}`, countries[id % 10], { kind: 'weight' }),
        hop('exit', `exit${id}`, countries[(id * 3 + 1) % 10], { kind: 'exit-policy' }),
      ],
    }),
  )
}
