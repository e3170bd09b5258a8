// Whether the node serves when that is left to it: while others can reach it, and without flapping.

import { isPrivate } from '@libp2p/utils'
import { CODE_P2P_CIRCUIT } from '@multiformats/multiaddr'
import type { Logger } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

export type ModeName = 'client' | 'server'

/** So many changes within `WINDOW` are made at once; further ones wait until the first of them is over. */
const AT_ONCE = 2

/** ms. A change that fails is tried again after as long. */
const WINDOW = 60_000

/** Sets the mode; rejects when that could not be done. */
export interface ChangeMode {
  (mode: ModeName): Promise<void>
}

export class AutoMode {
  readonly #set: ChangeMode
  readonly #log: Logger
  /** what it is, or is becoming */
  #mode: ModeName
  /** what it should be */
  #wanted: ModeName
  /** when it was changed, the last few times */
  #changes: number[] = []
  /** how many changes there were */
  #made = 0
  #timer?: ReturnType<typeof setTimeout>
  #stopped = false

  /** `mode`: what it is now */
  constructor (mode: ModeName, set: ChangeMode, log: Logger) {
    this.#mode = this.#wanted = mode
    this.#set = set
    this.#log = log
  }

  /** These are the addresses of the node from now on. */
  onAddresses (addresses: Multiaddr[]): void {
    this.#wanted = modeFor(addresses)
    this.#follow()
  }

  stop (): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  /** Becomes what it should be, at once or when it may. */
  #follow (): void {
    clearTimeout(this.#timer)

    if (this.#stopped || this.#wanted === this.#mode) {
      return
    }

    const now = Date.now()
    this.#changes = this.#changes.filter(at => at > now - WINDOW)

    if (this.#changes.length < AT_ONCE) {
      void this.#change(this.#wanted, now)
    } else {
      this.#timer = setTimeout(() => { this.#follow() }, this.#changes[0] + WINDOW - now)
    }
  }

  /** When libp2p refuses it, it is what it was before, and tries again. */
  async #change (mode: ModeName, now: number): Promise<void> {
    const before = this.#mode
    const change = ++this.#made
    this.#mode = mode
    this.#changes.push(now)

    try {
      await this.#set(mode)
    } catch (error) {
      this.#log.error('could not become a %s - %e', mode, error)

      if (change === this.#made && !this.#stopped) {
        this.#mode = before
        clearTimeout(this.#timer)
        this.#timer = setTimeout(() => { this.#follow() }, WINDOW)
      }
    }
  }
}

/** A node serves when others can reach it at one of its addresses, directly and from anywhere. */
export function modeFor (addresses: Multiaddr[]): ModeName {
  return addresses.some(addr => !isPrivate(addr) && !isRelayed(addr)) ? 'server' : 'client'
}

/** Also where only the beginning is, as with WebRTC. */
function isRelayed (addr: Multiaddr): boolean {
  return addr.getComponents().some(({ code }) => code === CODE_P2P_CIRCUIT)
}
