/** Opens the built renderer on the double of main, and what tests do with it. */
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { run } from 'axe-core'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { expect, inject, onTestFinished } from 'vitest'
import type { CommandHandlers, ViewName } from '../../../electron/ipc/contract.ts'
import type { AppSnapshot } from '../../../electron/ipc/snapshot.ts'
import { FakeMain } from './fake-main.ts'
import { NOW_MS, snapshotIn } from './snapshots.ts'

const SCREENSHOTS = 'test-results/renderer'
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const AXE_RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
/** The Unicode marks that Fluent puts around an argument, so that it keeps its own direction. */
const ISOLATION_MARKS = /[⁦-⁩]/g

export interface AppOptions {
  readonly snapshot?: AppSnapshot
  readonly handlers?: Partial<CommandHandlers>
  readonly view?: ViewName
  readonly theme?: 'light' | 'dark'
  readonly size?: { readonly width: number; readonly height: number }
  /** Makes the page's timers a matter of the test (`page.clock`). */
  readonly isClockPaused?: boolean
}

const THEMES = ['light', 'dark'] as const
/** As it opens, and as small as it gets. */
const SIZES = [
  { width: 1_100, height: 740 },
  { width: 720, height: 480 },
] as const

/** What every view must be fit for, with a name for its picture. */
export const LOOKS = THEMES.flatMap((theme) =>
  SIZES.map((size) => ({ theme, size, name: `${theme}-${size.width}` })),
)

export interface OpenedApp {
  readonly page: Page
  readonly main: FakeMain
}

declare global {
  interface Window {
    /** Put there by `join`: the way to the double and back. */
    readonly toMain: (name: string, argument: unknown) => Promise<unknown>
    readonly fromMain: (name: string, value: unknown) => void
    /** Put there by `checkAxe`. */
    readonly axe: { readonly run: typeof run }
  }
}

let connected: Promise<Browser> | undefined

/** Closed when the test ends; a fault in the page's console, or a broken policy, fails the test. */
export async function openApp(options: AppOptions = {}): Promise<OpenedApp> {
  connected ??= chromium.connect(inject('browserEndpoint'))
  const browser = await connected
  const context = await browser.newContext({
    viewport: options.size ?? SIZES[0],
    colorScheme: options.theme ?? 'light',
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'UTC',
  })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  watchForFaults(page, context)
  if (options.isClockPaused === true) {
    // One that is only installed goes on by itself.
    await page.clock.install({ time: NOW_MS - 1_000 })
    await page.clock.pauseAt(NOW_MS)
  } else await page.clock.setFixedTime(NOW_MS)
  const main = new FakeMain(options.snapshot ?? snapshotIn('off'), options.handlers)
  await join(page, main)
  await page.goto(inject('pageUrl'))
  await page.locator('#content h1').first().waitFor()
  if (options.view !== undefined) await showView(page, options.view)
  return { page, main }
}

/** The end of the bridge that the preload script is in the app. */
async function join(page: Page, main: FakeMain): Promise<void> {
  await page.exposeFunction('toMain', (name: string, argument: unknown) => main.invoke(name, argument))
  await page.addInitScript(() => {
    const listeners = new Set<(name: string, value: unknown) => void>()
    const subscribe = (listener: (name: string, value: unknown) => void): (() => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    }
    Object.assign(window, {
      allium: { invoke: window.toMain, subscribe },
      fromMain: (name: string, value: unknown) => listeners.forEach((listener) => listener(name, value)),
    })
  })
  main.connect(async (name, value) => {
    await page.evaluate(([eventName, eventValue]) => window.fromMain(eventName, eventValue), [
      name,
      value,
    ] as const)
  })
}

function watchForFaults(page: Page, context: BrowserContext): void {
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text())
  })
  onTestFinished(async () => {
    await context.close()
    expect(faults).toEqual([])
  })
}

/** By the navigation, as a person would. */
export async function showView(page: Page, view: ViewName): Promise<void> {
  await page.locator(`nav button[data-view="${view}"]`).click()
  await page.locator(`main[data-view="${view}"]`).waitFor()
}

/** The text that a person sees in an element, as one line. */
export async function textOf(page: Page, selector: string): Promise<string> {
  return plain(await page.locator(selector).first().innerText())
}

export function plain(text: string): string {
  return text.replace(ISOLATION_MARKS, '').replace(/\s+/g, ' ').trim()
}

/** Accessibility: no finding of axe-core, neither of WCAG 2.2 AA nor of its best practices. */
export async function checkAxe(page: Page): Promise<void> {
  await page.evaluate(AXE)
  const violations = await page.evaluate(async (rules) => {
    const results = await window.axe.run(document, { runOnly: rules })
    return results.violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary ?? ''}`).join('\n')}`,
    )
  }, AXE_RULES)
  expect(violations).toEqual([])
}

/** The next Tab goes to the first thing in the page, as after it was opened. */
export async function startAtTop(page: Page): Promise<void> {
  await page.evaluate(() => {
    // Taking the focus away would leave the place from which Tab goes on.
    document.body.tabIndex = -1
    document.body.focus()
    document.body.removeAttribute('tabindex')
  })
}

/** Every control that can be used now and is not reached by the Tab key; of a group of radio buttons, one is enough. */
export async function unreachable(page: Page): Promise<readonly string[]> {
  const reached = new Set<string>()
  await page.evaluate(() => {
    document
      .querySelectorAll('button, a[href], input, textarea, select, summary, [role="switch"], [tabindex="0"]')
      .forEach((element, index) => element.setAttribute('data-count', String(index)))
  })
  await startAtTop(page)
  for (let presses = 0; presses < 200; presses++) {
    await page.keyboard.press('Tab')
    const count = await page.evaluate(() => document.activeElement?.getAttribute('data-count') ?? undefined)
    if (count === undefined || reached.has(count)) break
    reached.add(count)
  }
  return page.evaluate(
    (seen) =>
      [...document.querySelectorAll<HTMLElement>('[data-count]:not(:disabled, [type="radio"]:not(:checked))')]
        .filter(
          (element) =>
            element.checkVisibility() &&
            element.tabIndex >= 0 &&
            // Of a group of radio buttons the Tab key reaches the chosen one, and arrow keys the others.
            !element.matches('input[type="radio"]:not(:checked)') &&
            element.closest('[aria-hidden="true"], [inert]') === null,
        )
        .filter((element) => !seen.includes(element.dataset['count'] ?? ''))
        .map((element) => element.outerHTML.slice(0, 200)),
    [...reached],
  )
}

/** What sticks out of the window, or is cut off by what it lies in. */
export async function clippedControls(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const isWide = document.documentElement.scrollWidth > window.innerWidth
    const scrollers = [...document.querySelectorAll<HTMLElement>('main, nav')].filter(
      (element) => element.scrollWidth > element.clientWidth,
    )
    const cut = [...document.querySelectorAll<HTMLElement>('button, input, textarea, h1, h2')].filter(
      (element) => {
        if (!element.checkVisibility() || element.classList.contains('sr-only')) return false
        const box = element.getBoundingClientRect()
        return box.left < -1 || box.right > window.innerWidth + 1
      },
    )
    return [
      ...(isWide ? ['the page scrolls sideways'] : []),
      ...[...scrollers, ...cut].map((element) => element.outerHTML.slice(0, 160)),
    ]
  })
}

/** Kept out of git, for people to look at. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, animations: 'disabled' })
}
