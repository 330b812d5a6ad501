/** What `find-runtime.mjs` gives to those who are written in TypeScript. */
export interface Runtime {
  readonly executable: string
  readonly version: string
  readonly kind: 'override' | 'installed' | 'test'
}

export function findRuntime(options?: { readonly allowDownload?: boolean }): Runtime
export function describeRuntime(runtime: Pick<Runtime, 'version' | 'kind'>): string
