// A process of nodes, as the test sees it.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CallMessage, CallName, Calls, NodeInfo, ReplyMessage } from './calls.ts'
import type { ChildProcess } from 'node:child_process'

/** The sources as they are, or compiled. */
const WORKER = new URL(`./nodes${extname(fileURLToPath(import.meta.url))}`, import.meta.url)

/** Its end would tell of a leak in any library; ms. */
const EXIT_LIMIT = 20_000

export class NodesProcess {
  readonly name: string
  readonly warnings: string[] = []
  /** those that were started in it */
  nodes: NodeInfo[] = []
  readonly #process: ChildProcess
  readonly #calls = new Map<number, PromiseWithResolvers<any>>()
  #lastCall = 0

  constructor (name: string) {
    this.name = name
    this.#process = fork(fileURLToPath(WORKER), {
      execArgv: [...process.execArgv, '--no-warnings'],
      stdio: ['ignore', 2, 2, 'ipc'],
      serialization: 'advanced'
    })
    this.#process.on('message', (message: ReplyMessage) => { this.#onMessage(message) })
    this.#process.on('error', error => { this.#failAll(error) })
    this.#process.on('exit', (code, signal) => { this.#failAll(new Error(`The process ${name} has ended with ${signal ?? code}`)) })
  }

  get isAlive (): boolean {
    return this.#process.exitCode == null && this.#process.signalCode == null
  }

  async call <N extends CallName> (name: N, request: Parameters<Calls[N]>[0]): Promise<ReturnType<Calls[N]>> {
    if (!this.isAlive) {
      throw new Error(`The process ${this.name} is gone`)
    }

    const id = ++this.#lastCall
    const waiting = Promise.withResolvers<ReturnType<Calls[N]>>()
    const message: CallMessage<N> = { id, name, request }
    this.#calls.set(id, waiting)
    this.#process.send(message, error => {
      if (error != null) {
        waiting.reject(error)
      }
    })

    try {
      return await waiting.promise
    } finally {
      this.#calls.delete(id)
    }
  }

  /** As if the power failed. Resolves when it is gone; no effect when it is. */
  async kill (): Promise<void> {
    if (this.isAlive) {
      const exit = once(this.#process, 'exit')
      this.#process.kill('SIGKILL')
      await exit
    }
  }

  /** The nodes stop; resolves with the exit code when nothing is left that keeps the process. */
  async stop (): Promise<number | null> {
    const exit = once(this.#process, 'exit', { signal: AbortSignal.timeout(EXIT_LIMIT) })
    await Promise.all([this.call('stop', undefined), exit])

    return this.#process.exitCode
  }

  #onMessage (message: ReplyMessage): void {
    if ('warning' in message) {
      this.warnings.push(message.warning)
    } else if ('error' in message) {
      this.#calls.get(message.id)?.reject(new Error(`${this.name}: ${message.error}`))
    } else {
      this.#calls.get(message.id)?.resolve(message.result)
    }
  }

  #failAll (error: Error): void {
    this.#calls.forEach(({ reject }) => { reject(error) })
  }
}
