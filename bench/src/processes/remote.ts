// Another process, seen from the bench: asked for one thing at a time, and ended whatever happens.

import { once } from 'node:events'
import type { ChildProcess } from 'node:child_process'

/** What it is asked for. */
export interface Call {
  name: string
  request?: any
}

export type Reply = { result: unknown } | { error: string }

/** How it is talked to. */
export interface Channel {
  send (call: Call): void
  /** resolves with the answer to what was sent last; ask for it before sending */
  reply (options: { signal: AbortSignal }): Promise<Reply>
}

/** So long a process may take to stop, ms; then it is killed. */
const STOP_LIMIT = 10_000

export class Remote {
  readonly #name: string
  readonly #process: ChildProcess
  readonly #channel: Channel

  /** `name`: whose process it is, for messages. */
  constructor (name: string, process: ChildProcess, channel: Channel) {
    this.#name = name
    this.#process = process
    this.#channel = channel
    // one that can't be started ends, too
    process.on('error', () => {})
  }

  /** Rejects when the process says so, when it ends, and when `signal` aborts. */
  async call <T> (name: string, request: unknown, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()

    if (this.#ended) {
      throw new Error(`The process of ${this.#name} has ended`)
    }

    const settled = new AbortController()
    const options = { signal: AbortSignal.any([signal, settled.signal]) }

    try {
      const reply = this.#channel.reply(options)
      const exit = once(this.#process, 'exit', options).then(([code, killedBy]): never => {
        throw new Error(`The process of ${this.#name} ended by itself with ${killedBy ?? code}`)
      })
      // whichever loses the race, and both when sending fails
      reply.catch(() => {})
      exit.catch(() => {})
      this.#channel.send({ name, request })
      const answer = await Promise.race([reply, exit])

      if ('error' in answer) {
        throw new Error(`${this.#name}: ${answer.error}`)
      }

      return answer.result as T
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    } finally {
      settled.abort()
    }
  }

  /** Never rejects; no effect when it has ended. */
  async stop (): Promise<void> {
    if (this.#ended) {
      return
    }

    const exited = once(this.#process, 'exit')
    const timer = setTimeout(() => { this.#process.kill('SIGKILL') }, STOP_LIMIT)
    await this.call('stop', undefined, AbortSignal.timeout(STOP_LIMIT)).catch(() => { this.#process.kill('SIGKILL') })
    await exited
    clearTimeout(timer)
  }

  get #ended (): boolean {
    return this.#process.pid == null || this.#process.exitCode != null || this.#process.signalCode != null
  }
}
