/** The real curl, as a user has it. */
import { execFile } from 'node:child_process'

export interface CurlResult {
  /** curl's exit code; 0 is success. */
  readonly exitCode: number
  readonly body: string
  readonly errors: string
}

const MAX_BODY_BYTES = 1 << 20

/** Runs curl; `args` are its own options and the address. Never throws for a failed transfer. */
export function curl(...args: readonly string[]): Promise<CurlResult> {
  return new Promise((resolve) => {
    const options = ['--silent', '--show-error', '--max-time', '100', ...args]
    execFile('curl', options, { maxBuffer: MAX_BODY_BYTES }, (error, body, errors) => {
      const code = error?.code
      resolve({ exitCode: error === null ? 0 : typeof code === 'number' ? code : -1, body, errors })
    })
  })
}
