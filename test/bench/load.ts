/** The bench's handle on its load processes: the destination server and the generator. */
import { type ChildProcess, fork } from 'node:child_process'
import type { LoadCommand, LoadReply, LoadRequest, LoadResult } from './load-commands.ts'

function start(script: string): Promise<{ child: ChildProcess; first: unknown }> {
  return new Promise((resolve, reject) => {
    const child = fork(script, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code}`)))
    child.once('message', (first: unknown) => resolve({ child, first }))
  })
}

export class Load {
  readonly #server: ChildProcess
  readonly #generator: ChildProcess
  readonly #targetPort: number
  #lastId = 0

  private constructor(server: ChildProcess, generator: ChildProcess, targetPort: number) {
    this.#server = server
    this.#generator = generator
    this.#targetPort = targetPort
  }

  /** Starts both processes from the bundled scripts. */
  static async start(scripts: { readonly server: string; readonly generator: string }): Promise<Load> {
    const [server, generator] = await Promise.all([start(scripts.server), start(scripts.generator)])
    if (typeof server.first !== 'number') throw new Error('the load server told no port')
    return new Load(server.child, generator.child, server.first)
  }

  run(socksPort: number, command: LoadCommand): Promise<LoadResult> {
    const id = ++this.#lastId
    const request: LoadRequest = { id, socksPort, targetPort: this.#targetPort, command }
    return new Promise((resolve, reject) => {
      const onMessage = (reply: LoadReply): void => {
        if (reply.id !== id) return
        this.#generator.off('message', onMessage)
        if ('error' in reply) reject(new Error(reply.error))
        else resolve(reply.result)
      }
      this.#generator.on('message', onMessage)
      this.#generator.send(request)
    })
  }

  stop(): void {
    for (const child of [this.#server, this.#generator]) child.kill('SIGKILL')
  }
}
