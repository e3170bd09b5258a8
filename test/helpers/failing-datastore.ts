// A datastore in memory whose node is killed after so many writes: what comes later fails, and is not there. A batch is written whole or not at all, as in LevelDB.

import { MemoryDatastore } from 'datastore-core'
import type { Batch, Key, Pair } from 'interface-datastore'

export class FailingDatastore extends MemoryDatastore {
  /** how many more writes there are */
  writesLeft = Infinity
  /** what a write fails with after that */
  readonly #message: string
  #writes = 0

  constructor (message = 'the node was killed') {
    super()
    this.#message = message
  }

  /** How many there were. */
  get writes (): number {
    return this.#writes
  }

  override put (key: Key, value: Uint8Array): Key {
    this.#write()

    return super.put(key, value) as Key
  }

  override delete (key: Key): void {
    this.#write()
    super.delete(key)
  }

  override batch (): Batch {
    const puts: Pair[] = []
    const deletes: Key[] = []

    return {
      put: (key, value) => { puts.push({ key, value }) },
      delete: key => { deletes.push(key) },
      commit: async () => {
        if (puts.length + deletes.length > 0) {
          this.#write()
          puts.forEach(({ key, value }) => { super.put(key, value) })
          deletes.forEach(key => { super.delete(key) })
        }
      }
    }
  }

  /** What is there now, as a node finds it that is started anew. */
  survivors (): MemoryDatastore {
    const datastore = new MemoryDatastore()

    for (const { key, value } of this._all({}) as Generator<Pair>) {
      void datastore.put(key, value)
    }

    return datastore
  }

  #write (): void {
    if (this.writesLeft === 0) {
      throw new Error(this.#message)
    }

    this.writesLeft--
    this.#writes++
  }
}
