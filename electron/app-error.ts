/** An error that a command may answer with: its kind goes to the page, which has words for it; its text to the log. */

export class AppError extends Error {
  readonly kind: string

  constructor(kind: string, detail: string, options?: ErrorOptions) {
    super(detail, options)
    this.name = 'AppError'
    this.kind = kind
  }
}
