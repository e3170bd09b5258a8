// A node that holds one signed record, as far as the rules go: what comes in is validated, then the holder's rule decides.

import { holderRule } from '../../src/values/signed/holder-rule.ts'
import { signedValidator } from '../../src/values/signed/validator.ts'
import type { HolderDecision } from '../../src/values/signed/holder-rule.ts'

export class SignedHolder {
  held?: Uint8Array
  equivocations = 0
  readonly #validate

  constructor (now: () => number) {
    this.#validate = signedValidator({ now })
  }

  /** What became of it; `refused` when it is not valid. */
  async put (key: Uint8Array, incoming: Uint8Array): Promise<HolderDecision['action'] | 'refused'> {
    try {
      await this.#validate(key, incoming)
    } catch {
      return 'refused'
    }

    const { action, equivocation } = holderRule(await this.#heldAndValid(key), incoming)

    if (action === 'replace') {
      this.held = incoming
    }

    if (equivocation) {
      this.equivocations++
    }

    return action
  }

  async #heldAndValid (key: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      if (this.held != null) {
        await this.#validate(key, this.held)
      }
    } catch {
      this.held = undefined
    }

    return this.held
  }
}
