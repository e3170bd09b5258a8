// A node that holds signed records: what answers PUT_VALUE, with everything that it stands on.

import { MemoryDatastore } from 'datastore-core'
import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { keyOf } from '../../src/kademlia/key.ts'
import { builtIn } from '../../src/values/built-in.ts'
import { hold } from '../../src/values/hold.ts'
import { Namespaces } from '../../src/values/namespaces.ts'
import { sayTheSame } from '../../src/values/signed/contradict.ts'
import { RecordStore } from '../../src/values/store/record-store.ts'
import type { HoldNeeds } from '../../src/values/hold.ts'

const HOUR = 3_600_000

export type HolderAnswer = 'replace' | 'refresh' | 'keep' | 'refused'

/** Time is that of `Date`. */
export class SignedHolder {
  equivocations = 0
  readonly #needs: HoldNeeds

  constructor () {
    this.#needs = {
      store: new RecordStore(new MemoryDatastore(), { prefix: '/record', receivedPrefix: '/received', self: keyOf(Uint8Array.of(1)), maxAge: 48 * HOUR }),
      namespaces: new Namespaces({ ...builtIn({ signedRecordSize: 1_024, memberListSize: 10_240 }), timeout: 60_000 }),
      onContradiction: () => { this.equivocations++ }
    }
  }

  async held (key: Uint8Array): Promise<Uint8Array | undefined> {
    return (await this.#needs.store.get(key))?.value
  }

  /** What became of it: it is held now, it was held already, what is held stays and is the answer, or it is not valid. */
  async put (key: Uint8Array, incoming: Uint8Array): Promise<HolderAnswer> {
    try {
      await this.#needs.namespaces.validate(key, incoming)
    } catch {
      return 'refused'
    }

    const before = await this.held(key)
    const { value } = await hold({ key, value: incoming, timeReceived: Date.now() }, this.#needs, { received: true })

    if (before != null && uint8ArrayEquals(value, before)) {
      return uint8ArrayEquals(before, incoming) || sayTheSame(before, incoming) ? 'refresh' : 'keep'
    }

    return 'replace'
  }
}
