// All that a server has to do with, seen from the bench: the peers in its table, and the client that asks it. It is the same
// program for every server, `bench/go/load.go`.

import { goProcess } from '../processes/go-process.ts'
import type { OperationName } from './operation-names.ts'
import type { Started } from './protocol.ts'
import type { Remote } from '../processes/remote.ts'
import type { SubjectName } from '../subjects/index.ts'

/** How much a server is given to hold. */
export interface Content {
  seed: string
  /** keys that have providers */
  keys: number
  /** of each key */
  providers: number
  values: number
  /** keys that FIND_NODE asks for */
  targets: number
}

/** What came of asking. */
export interface Asked {
  requests: number
  seconds: number
  /** of the right answers */
  latenciesMs: number[]
  /** reasons, with how often each */
  failures: Record<string, number>
}

/** How long to ask, in the order of that round; or each question once, however long it takes. */
export type AskOptions = { round: number, seconds: number } | { all: true }

export class Load {
  readonly #remote: Remote
  readonly #signal: AbortSignal

  /** `subject`: whose server. `signal` gives up what is under way. */
  constructor (subject: SubjectName, goBinary: string, signal: AbortSignal) {
    this.#remote = goProcess(`the load of ${subject}`, goBinary, 'load')
    this.#signal = signal
  }

  /** How many peers have connected to the server. They enter its table a little later. */
  async join (server: Started): Promise<number> {
    return this.#remote.call('join', server, this.#signal)
  }

  async fill (content: Content): Promise<void> {
    await this.#remote.call('fill', content, this.#signal)
  }

  async ask (op: OperationName, options: AskOptions): Promise<Asked> {
    const [message, streams] = op.split(' ')
    const asked = await this.#remote.call<Asked & { latenciesMs: number[] | null }>('ask', { message, reused: streams === 'reused', ...options }, this.#signal)

    return { ...asked, latenciesMs: asked.latenciesMs ?? [] }
  }

  /** Never rejects. */
  async stop (): Promise<void> {
    await this.#remote.stop()
  }
}
