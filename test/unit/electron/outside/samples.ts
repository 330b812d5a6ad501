/** A web request as the core host asks for it. */
import type { WebJob } from '../../../../electron/outside/outside-messages.ts'

export function webJob(change: Partial<WebJob> = {}): WebJob {
  return {
    url: 'https://front.example/path?query=1',
    host: 'hidden.example',
    method: 'GET',
    headers: [],
    body: undefined,
    maxResponseBytes: 1000,
    ...change,
  }
}
