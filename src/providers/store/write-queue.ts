// Writes to the datastore, gathered: what comes in while one batch is written goes out with the next, so that the more there is to write
// the less each costs. One batch at a time, and in the order in which changes were made.

import { Key } from 'interface-datastore/key'
import type { Datastore } from 'interface-datastore'

/** One key of the datastore; without a value it is deleted. */
export interface Write {
  readonly key: string
  readonly value?: Uint8Array
  /** it goes out behind all others of its batch */
  readonly isLast?: boolean
}

/** Writes that belong together: they go out in one batch. */
export interface Change {
  readonly writes: readonly Write[]
  /** they are written, or, with an error, perhaps not: nobody knows which of them */
  done (error?: Error): void
}

export interface WriteQueueOptions {
  /** a batch has failed, with so many changes */
  onFailed? (error: Error, changes: number): void
}

/** Changes a batch: LevelDB takes some 2 ms for it. */
const BATCH = 256

/** With more that wait, who brings more has to wait too: half a kilobyte each. */
const MOST_WAITING = 4_096

export class WriteQueue {
  readonly #datastore: Datastore
  readonly #options: WriteQueueOptions
  readonly #waiting: Change[] = []
  readonly #waiters: Array<{ until: number, resolve (): void }> = []
  /** changes made, and of these those that are done, since the beginning */
  #made = 0
  #done = 0
  #running = false

  constructor (datastore: Datastore, options: WriteQueueOptions = {}) {
    this.#datastore = datastore
    this.#options = options
  }

  /** Changes that are not done. */
  get size (): number {
    return this.#made - this.#done
  }

  add (change: Change): void {
    this.#waiting.push(change)
    this.#made++

    if (!this.#running) {
      this.#running = true
      void this.#run()
    }
  }

  /** Resolves when all changes made so far are done, whether or not they failed. */
  async written (): Promise<void> {
    await this.#until(this.#made)
  }

  /** Undefined while there is room for more; else resolves when there is. Hot. */
  room (): Promise<void> | undefined {
    return this.size <= MOST_WAITING ? undefined : this.#until(this.#made - MOST_WAITING / 2)
  }

  async #until (done: number): Promise<void> {
    if (this.#done < done) {
      await new Promise<void>(resolve => { this.#waiters.push({ until: done, resolve }) })
    }
  }

  async #run (): Promise<void> {
    // what comes in the same turn goes with it
    await Promise.resolve()

    while (this.#waiting.length > 0) {
      const changes = this.#waiting.splice(0, BATCH)
      const error = await this.#write(changes)

      if (error != null) {
        this.#options.onFailed?.(error, changes.length)
      }

      this.#done += changes.length
      changes.forEach(change => { change.done(error) })
      this.#wake()
    }

    this.#running = false
  }

  async #write (changes: Change[]): Promise<Error | undefined> {
    try {
      const batch = this.#datastore.batch()

      for (const [name, value] of lastOfEach(changes)) {
        const key = new Key(name, false)
        value == null ? batch.delete(key) : batch.put(key, value)
      }

      await batch.commit()
    } catch (error: any) {
      return error
    }
  }

  #wake (): void {
    const woken = this.#waiters.filter(({ until }) => until <= this.#done)

    if (woken.length > 0) {
      this.#waiters.splice(0, Infinity, ...this.#waiters.filter(({ until }) => until > this.#done))
      woken.forEach(({ resolve }) => { resolve() })
    }
  }
}

/** The last write of each key, in the order in which these were made. Some datastores put all first and then delete, whatever the order was. */
function lastOfEach (changes: Change[]): Array<[name: string, value: Uint8Array | undefined]> {
  const others = new Map<string, Uint8Array | undefined>()
  const last = new Map<string, Uint8Array | undefined>()

  for (const { writes } of changes) {
    for (const { key, value, isLast } of writes) {
      others.delete(key)
      last.delete(key)
      const map = isLast === true ? last : others
      map.set(key, value)
    }
  }

  return [...others, ...last]
}
