/** Medians, percentiles and the table of ratios. */

/** The value that `share` (0..1) of the values do not exceed; NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const upper = sorted[sorted.length >> 1] ?? Number.NaN
  const lower = sorted[(sorted.length - 1) >> 1] ?? Number.NaN
  return (lower + upper) / 2
}

/** What is wanted of a measure: a bound on the ratio to C tor, or on our own value. */
export type Target =
  | {
      readonly kind: 'ratio-at-most' | 'ratio-at-least' | 'at-most' | 'median-at-most'
      readonly bound: number
    }
  | { readonly kind: 'none' }

export interface Row {
  readonly measure: string
  readonly target: Target
  readonly reference: readonly number[]
  readonly ours: readonly number[]
}

function digits(value: number): string {
  if (Number.isNaN(value)) return '-'
  const size = Math.abs(value)
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)
}

function spread(values: readonly number[]): string {
  if (values.length === 0) return '-'
  return `${digits(median(values))} [${digits(Math.min(...values))}..${digits(Math.max(...values))}]`
}

function describeTarget(target: Target): string {
  switch (target.kind) {
    case 'ratio-at-most':
      return `ratio <= ${target.bound}`
    case 'ratio-at-least':
      return `ratio >= ${target.bound}`
    case 'at-most':
    case 'median-at-most':
      return `ours <= ${target.bound}`
    case 'none':
      return ''
  }
}

function isMet(target: Target, ratio: number, ours: readonly number[]): boolean | undefined {
  if (ours.length === 0) return undefined
  switch (target.kind) {
    case 'ratio-at-most':
      return Number.isNaN(ratio) ? undefined : ratio <= target.bound
    case 'ratio-at-least':
      return Number.isNaN(ratio) ? undefined : ratio >= target.bound
    case 'at-most':
      // A cap is a cap in every repeat.
      return Math.max(...ours) <= target.bound
    case 'median-at-most':
      return median(ours) <= target.bound
    case 'none':
      return undefined
  }
}

/**
 * The rows as text in columns: medians, [min..max] over the repeats, and the ratio of the medians, ours to that of what we
 * are measured by.
 */
export function formatTable(rows: readonly Row[], reference = 'C tor', ours = 'Allium'): string {
  const headings = ['measure', reference, ours, 'ratio', 'target', '']
  const cells = rows.map(({ measure, target, reference, ours }) => {
    const ratio = median(ours) / median(reference)
    const met = isMet(target, ratio, ours)
    const verdict = met === undefined ? '' : met ? 'met' : 'MISSED'
    return [measure, spread(reference), spread(ours), digits(ratio), describeTarget(target), verdict]
  })
  const all = [headings, ...cells]
  const widths = headings.map((_heading, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  const rule = widths.map((width) => '-'.repeat(width)).join('  ')
  return [line(headings), rule, ...cells.map(line)].join('\n')
}
