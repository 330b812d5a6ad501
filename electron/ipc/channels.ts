/** The names that the two ends of the bridge share, and the bridge itself; small, for all of it goes into the preload script. */

/** The one object that the preload script gives the page. */
export interface PreloadBridge {
  invoke(name: string, argument: unknown): Promise<unknown>
  /** Returns what ends the subscription. */
  subscribe(listener: (name: string, value: unknown) => void): () => void
}

export const PRELOAD_KEY = 'allium'
export const INVOKE_CHANNEL = 'allium:invoke'
export const EVENT_CHANNEL = 'allium:event'
