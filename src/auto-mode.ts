// Whether the node serves when that is left to it: while others can reach it, and without flapping.

import { isPrivate } from '@libp2p/utils'
import { CODE_P2P_CIRCUIT } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'

export type ModeName = 'client' | 'server'

/** So many changes within `WINDOW` are made at once; further ones wait until the first of them is over. */
const AT_ONCE = 2

/** ms */
const WINDOW = 60_000

export class AutoMode {
  readonly #set: (mode: ModeName) => void
  #mode: ModeName
  /** when it was changed, the last few times */
  #changes: number[] = []
  #timer?: ReturnType<typeof setTimeout>

  /** `mode`: what it is now. `set`: changes it */
  constructor (mode: ModeName, set: (mode: ModeName) => void) {
    this.#mode = mode
    this.#set = set
  }

  /** These are the addresses of the node from now on. */
  onAddresses (addresses: Multiaddr[]): void {
    const mode = modeFor(addresses)
    clearTimeout(this.#timer)

    if (mode === this.#mode) {
      return
    }

    const now = Date.now()
    this.#changes = this.#changes.filter(at => at > now - WINDOW)

    if (this.#changes.length < AT_ONCE) {
      this.#change(mode)
    } else {
      this.#timer = setTimeout(() => { this.#change(mode) }, this.#changes[0] + WINDOW - now)
    }
  }

  stop (): void {
    clearTimeout(this.#timer)
  }

  #change (mode: ModeName): void {
    this.#mode = mode
    this.#changes.push(Date.now())
    this.#set(mode)
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
