// Remembers who was in the table, with addresses, so that a restarted node rejoins through them and needs no seed (the
// peer store forgets addresses after an hour). One value, replaced as a whole, so that a kill leaves the old or the new.

import { Key } from 'interface-datastore/key'
import { Uint8ArrayList } from 'uint8arraylist'
import { decodeContacts } from '../query/contact.ts'
import { frame, FrameReader } from '../wire/frame.ts'
import { MAX_PEER } from '../wire/limits.ts'
import type { Contact } from '../query/contact.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

export class TableStore {
  readonly #datastore: Datastore
  readonly #key: Key
  readonly #most: number

  /** `most`: how many peers are written and read; more do not make a restart any surer */
  constructor (datastore: Datastore, prefix: string, most: number) {
    this.#datastore = datastore
    this.#key = new Key(`${prefix}/routing-table`)
    this.#most = most
  }

  /** `peers`: encoded as they go into replies */
  async save (peers: readonly Uint8Array[], options?: AbortOptions): Promise<void> {
    const list = new Uint8ArrayList(...peers.slice(0, this.#most).map(frame))

    await this.#datastore.put(this.#key, list.subarray(), options)
  }

  /** Who was in the table when it was saved. What is damaged is passed over. */
  async load (options?: AbortOptions): Promise<Contact[]> {
    const peers: Uint8Array[] = []

    try {
      const reader = new FrameReader(2 * MAX_PEER)
      reader.push(await this.#datastore.get(this.#key, options))

      for (let peer = reader.next(); peer != null; peer = reader.next()) {
        peers.push(peer)
      }
    } catch (error: any) {
      options?.signal?.throwIfAborted()

      if (error.name !== 'NotFoundError' && error.name !== 'InvalidMessageError') {
        throw error
      }
    }

    return decodeContacts(peers, this.#most)
  }
}
