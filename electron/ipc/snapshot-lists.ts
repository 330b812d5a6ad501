/** The part of the snapshot about the lists that everybody has, and how they are kept current. */

export interface ListsView {
  /** Whether there is a service to fetch them from. */
  readonly isAvailable: boolean
  readonly isFetching: boolean
  /** When those in use were fetched; undefined while they are those that came with the app. */
  readonly fetchedMs: number | undefined
  /** How many bridges they have that did not come with the app. */
  readonly addedBridges: number
  /** Why the last try in this run failed; undefined after one that did not. */
  readonly reason: { readonly kind: string; readonly detail: string } | undefined
}

export const NO_LISTS: ListsView = {
  isAvailable: false,
  isFetching: false,
  fetchedMs: undefined,
  addedBridges: 0,
  reason: undefined,
}
