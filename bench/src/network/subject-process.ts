// The process of one subject, seen from the bench: asks it for one thing at a time, and ends it whatever happens.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { BatchRequest, BatchResult, Call, Calls, FormRequest, FormResult, Reply } from './protocol.ts'
import type { SubjectName } from '../subjects/index.ts'
import type { ChildProcess } from 'node:child_process'

/** So long a process may take to stop, ms; then it is killed. */
const STOP_LIMIT = 10_000

export class SubjectProcess implements Calls {
  readonly name: SubjectName
  readonly #process: ChildProcess
  readonly #signal: AbortSignal

  /** `signal` gives up what is under way. */
  constructor (name: SubjectName, signal: AbortSignal) {
    this.name = name
    this.#signal = signal
    this.#process = fork(fileURLToPath(new URL('child.ts', import.meta.url)), {
      // what it prints by mistake is no result
      stdio: ['ignore', 2, 2, 'ipc'],
      serialization: 'advanced'
    })
  }

  async form (request: FormRequest): Promise<FormResult> {
    return this.#call({ name: 'form', request }, this.#signal)
  }

  async batch (request: BatchRequest): Promise<BatchResult> {
    return this.#call({ name: 'batch', request }, this.#signal)
  }

  /** Never rejects; no effect when it has ended. */
  async stop (): Promise<void> {
    if (this.#process.exitCode != null || this.#process.signalCode != null) {
      return
    }

    const exited = once(this.#process, 'exit')
    const timer = setTimeout(() => { this.#process.kill('SIGKILL') }, STOP_LIMIT)
    await this.#call({ name: 'stop' }, AbortSignal.timeout(STOP_LIMIT)).catch(() => { this.#process.kill('SIGKILL') })
    await exited
    clearTimeout(timer)
  }

  async #call <T> (call: Call, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    const settled = new AbortController()
    const options = { signal: AbortSignal.any([signal, settled.signal]) }

    try {
      const reply = once(this.#process, 'message', options)
      const exit = once(this.#process, 'exit', options)
      this.#process.send(call)

      const [message] = await Promise.race([
        reply,
        exit.then(([code, killedBy]) => { throw new Error(`The process of ${this.name} ended by itself with ${killedBy ?? code}`) })
      ])
      const answer: Reply = message

      if ('error' in answer) {
        throw new Error(`${this.name}: ${answer.error}`)
      }

      return answer.result as T
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    } finally {
      settled.abort()
    }
  }
}
