// The value store: the parts that values need, put together.

import { getValue } from './get.ts'
import { getValueHandler, putValueHandler } from './handlers.ts'
import { Namespaces } from './namespaces.ts'
import { publicKeyKey, selectPublicKey, validatePublicKey } from './public-key.ts'
import { putValue } from './put.ts'
import { ReadCache } from './read-cache.ts'
import { RecordStore } from './record-store.ts'
import type { GetNeeds, GetOptions } from './get.ts'
import type { ValueHandlerNeeds } from './handlers.ts'
import type { Selectors, Validators } from './namespaces.ts'
import type { PutOptions } from './put.ts'
import type { WriteResult } from '../query/store-nearest.ts'
import type { RequestHandler } from '../wire/server.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

/** How long a value is held: go-libp2p's `MaxRecordAge` and the IPFS Kademlia specification, ms. */
const MAX_RECORD_AGE = 48 * 60 * 60 * 1000

export interface ValuesInit {
  /** of the datastore's keys */
  prefix: string
  /** how many values are held for others */
  maxRecords: number
  validators: Validators
  selectors: Selectors
}

export type ValuesNeeds = Omit<GetNeeds, 'store' | 'namespaces' | 'cache'> & Pick<ValueHandlerNeeds, 'closerPeers'> & {
  datastore: Datastore
  /** one's own public key as protobuf, and the multihash of one's peer id */
  ownKey: { multihash: Uint8Array, publicKey: Uint8Array }
}

export class Values {
  /** By namespace; read when they are needed. */
  readonly validators: Validators
  /** By namespace; read when they are needed. */
  readonly selectors: Selectors
  readonly onGet: RequestHandler
  readonly onPut: RequestHandler
  readonly #needs: GetNeeds

  constructor (init: ValuesInit, needs: ValuesNeeds) {
    this.validators = { pk: validatePublicKey, ...init.validators }
    this.selectors = { pk: selectPublicKey, ...init.selectors }
    const namespaces = new Namespaces({ validators: this.validators, selectors: this.selectors, timeout: 5_000 })
    const store = new RecordStore(needs.datastore, {
      prefix: `${init.prefix}/record`,
      receivedPrefix: `${init.prefix}/received`,
      maxRecords: init.maxRecords,
      maxAge: MAX_RECORD_AGE
    })
    const handlerNeeds = {
      store,
      namespaces,
      maxValueSize: needs.maxValueSize,
      closerPeers: needs.closerPeers,
      ownKey: { key: publicKeyKey(needs.ownKey.multihash), value: needs.ownKey.publicKey }
    }

    this.#needs = { ...needs, store, namespaces, cache: new ReadCache(0, namespaces) }
    this.onGet = getValueHandler(handlerNeeds)
    this.onPut = putValueHandler(handlerNeeds)
  }

  async get (key: Uint8Array, options: GetOptions): Promise<Uint8Array> {
    return getValue(key, this.#needs, options)
  }

  async put (key: Uint8Array, value: Uint8Array, options: PutOptions): Promise<WriteResult> {
    return putValue(key, value, this.#needs, options)
  }

  /** Deletes what has expired. */
  async collect (options: AbortOptions): Promise<void> {
    await this.#needs.store.collect(options)
  }
}
