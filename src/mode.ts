// Whether the node answers requests. Changes go one after another, so that the last one asked for is the one that stays.

import { AbortError } from '@libp2p/interface'
import type { SetModeOptions } from './api.ts'
import type { Server } from './wire/server.ts'
import type { Registrar } from '@libp2p/interface-internal'

export interface ModeOptions {
  protocol: string
  maxInboundStreams: number
  maxOutboundStreams: number
}

export class Mode {
  readonly #options: ModeOptions
  readonly #registrar: Registrar
  readonly #server: Server
  #mode: 'client' | 'server'
  #registered = false
  #running = false
  #change: Promise<void> = Promise.resolve()

  constructor (mode: 'client' | 'server', options: ModeOptions, registrar: Registrar, server: Server) {
    this.#mode = mode
    this.#options = options
    this.#registrar = registrar
    this.#server = server
  }

  get current (): 'client' | 'server' {
    return this.#mode
  }

  async start (): Promise<void> {
    this.#running = true
    await this.#apply()
  }

  /** Ends serving and tells libp2p so. */
  async stop (): Promise<void> {
    this.#running = false
    await this.#apply()
  }

  /** Before the node has started, and after it has stopped, the mode is what it starts with. */
  async set (mode: 'client' | 'server', { force, signal }: SetModeOptions = {}): Promise<void> {
    if (mode === this.#mode && force !== true) {
      return
    }

    const before = this.#mode
    this.#mode = mode

    try {
      await this.#apply(force === true, signal)
    } catch (error) {
      // it is what it was, so that trying again is no no-op
      this.#mode = this.#mode === mode ? before : this.#mode
      throw error
    }
  }

  async #apply (force = false, signal?: AbortSignal): Promise<void> {
    const change = this.#change.then(async () => this.#register(force, signal))
    // whoever waits for this change hears of its failure; the next one is tried all the same
    this.#change = change.catch(() => {})

    return change
  }

  async #register (force: boolean, signal?: AbortSignal): Promise<void> {
    const serve = this.#running && this.#mode === 'server'
    const { protocol, maxInboundStreams, maxOutboundStreams } = this.#options

    if (this.#registered && (!serve || force)) {
      this.#registered = false
      this.#server.stop(new AbortError('The node answers no more requests'))
      await this.#registrar.unhandle(protocol, { signal })
    }

    if (serve && !this.#registered) {
      signal?.throwIfAborted()
      this.#server.start()

      try {
        await this.#registrar.handle(protocol, this.#server.onStream, { maxInboundStreams, maxOutboundStreams })
        this.#registered = true
      } catch (error: any) {
        this.#server.stop(error)
        throw error
      }
    }
  }
}
