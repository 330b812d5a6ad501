/** Errors that a command may answer with: their kind goes to the page, which has words for it; their text to the log. */
import type { AppErrorKind } from './ipc/error-kinds.ts'

export class AppError extends Error {
  /** One of the app's own, or of the core's for a `CoreError`. */
  readonly kind: string

  constructor(kind: AppErrorKind, detail: string, options?: ErrorOptions) {
    super(detail, options)
    this.name = 'AppError'
    this.kind = kind
  }
}

/** What the core host answered; its kinds are the core's. */
export class CoreError extends AppError {
  override readonly kind: string

  constructor({ kind, detail }: { readonly kind: string; readonly detail: string }) {
    super('internal', detail)
    this.name = 'CoreError'
    this.kind = kind
  }
}
