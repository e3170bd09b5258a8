// Remembers who was in the table, with addresses, so that a restarted node rejoins through them and needs no seed (the
// peer store forgets addresses after an hour). One value, replaced as a whole, so that a kill leaves the old or the new.

import { Key } from 'interface-datastore/key'
import { Uint8ArrayList } from 'uint8arraylist'
import { decodeContacts } from '../query/contact.ts'
import { frame, FrameReader } from '../wire/frame.ts'
import { MAX_PEER } from '../wire/limits.ts'
import { encodePeer } from '../wire/peer.ts'
import type { Contact } from '../query/contact.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

export interface TableStoreOptions {
  /** of the datastore's keys */
  prefix: string
  /** how many peers are written and read; more do not make a restart any surer */
  most: number
  /** when there are fewer, those of earlier times are kept beside them: the network may be gone, and come back */
  enough: number
}

export class TableStore {
  readonly #datastore: Datastore
  readonly #key: Key
  readonly #options: TableStoreOptions

  constructor (datastore: Datastore, options: TableStoreOptions) {
    this.#datastore = datastore
    this.#key = new Key(`${options.prefix}/routing-table`)
    this.#options = options
  }

  /** `peers`: with their addresses, those to be asked first at the beginning */
  async save (peers: readonly Contact[], options?: AbortOptions): Promise<void> {
    const { most, enough } = this.#options
    const ids = new Set(peers.map(({ id }) => id))
    const earlier = peers.length >= enough ? [] : (await this.load(options)).filter(({ id }) => !ids.has(id)).slice(0, enough - peers.length)
    const list = new Uint8ArrayList(...[...peers.slice(0, most), ...earlier].map(({ multihash, addrs }) => frame(encodePeer(multihash, addrs))))

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

    return decodeContacts(peers, this.#options.most)
  }
}
