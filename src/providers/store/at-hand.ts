// The providers of the keys that were asked for last, kept in memory: bounded by the number of keys, and by that of their announcements. Beside them those of keys that were
// announced for the first time a moment ago: nothing has to be read for them, and content is often asked for when it is new. They take no one's place who was asked for.

import type { Announcement } from './announcement.ts'

/** All providers of a key by their ids, some of which may have lapsed. */
export type Held = Map<string, Announcement>

export interface AtHandOptions {
  maxKeys: number
  maxAnnouncements: number
  /** the providers of a key that is not at hand */
  read (name: string): Promise<Held>
}

/** So often a key is read for those who wait for it. */
const MOST_READS = 3

interface Loading {
  /** what has changed since the reading began, by provider; undefined: it is none any more */
  changes: Map<string, Announcement | undefined>
  /** what was read may be wrong: it is read again */
  again: boolean
  readonly waiting: Array<{ use (held: Held): void, reject (error: Error): void }>
}

export class AtHand {
  readonly #options: AtHandOptions
  /** the one used last at the end */
  readonly #held = new Map<string, Held>()
  /** not asked for yet; the one announced last at the end */
  readonly #news = new Map<string, Held>()
  readonly #loading = new Map<string, Loading>()
  #announcements = 0

  constructor (options: AtHandOptions) {
    this.#options = options
  }

  get keys (): number {
    return this.#held.size + this.#news.size
  }

  get announcements (): number {
    return this.#announcements
  }

  /** Those of the key if they are at hand. They are not to be changed but by `change`. Hot. */
  get (name: string): Held | undefined {
    const held = this.#find(name)

    if (held != null) {
      this.#news.delete(name)
      this.#held.delete(name)
      this.#held.set(name, held)
      this.#trim()
    }

    return held
  }

  /**
   * Hands over those of the key, at once or when they are read. Nothing comes between the reading and the use of it: `use` sees
   * all that has changed by then, and what it changes is seen by all others.
   */
  use <T> (name: string, use: (held: Held) => T): T | Promise<T> {
    const held = this.get(name)

    if (held != null) {
      return use(held)
    }

    return new Promise<T>((resolve, reject) => {
      this.#load(name).waiting.push({
        use: held => {
          try {
            resolve(use(held))
          } catch (error) {
            reject(error)
          }
        },
        reject
      })
    })
  }

  /**
   * The provider's announcement is this one now; undefined: it has none. No effect when the key is neither at hand nor read, unless it is
   * the `first` of the key. Hot.
   */
  change (name: string, id: string, announcement: Announcement | undefined, first = false): void {
    const held = this.#find(name)
    const loading = this.#loading.get(name)
    loading?.changes.set(id, announcement)

    if (held == null && first && announcement != null && loading == null) {
      this.#news.set(name, new Map([[id, announcement]]))
      this.#announcements++
      this.#trim()
    }

    if (held != null) {
      this.#announcements -= held.size
      announcement == null ? held.delete(id) : held.set(id, announcement)
      this.#announcements += held.size
      this.#trim()
    }
  }

  /** What is at hand of the key may be wrong: it is read when it is asked for. */
  forget (name: string): void {
    const loading = this.#loading.get(name)
    this.#drop(name)

    if (loading != null) {
      loading.again = true
    }
  }

  #load (name: string): Loading {
    let loading = this.#loading.get(name)

    if (loading == null) {
      loading = { changes: new Map(), again: false, waiting: [] }
      this.#loading.set(name, loading)
      void this.#read(name, loading)
    }

    return loading
  }

  async #read (name: string, loading: Loading): Promise<void> {
    try {
      let held: Held
      let reads = 0

      do {
        loading.again = false
        loading.changes = new Map()
        held = await this.#options.read(name)
      } while (loading.again && ++reads < MOST_READS)

      for (const [id, announcement] of loading.changes) {
        announcement == null ? held.delete(id) : held.set(id, announcement)
      }

      this.#loading.delete(name)

      // where nothing can be written it may be wrong again and again: good for once
      if (!loading.again) {
        this.#keep(name, held)
      }

      loading.waiting.forEach(({ use }) => { use(held) })
    } catch (error: any) {
      // whoever waits for it is told; the next one tries again
      this.#loading.delete(name)
      loading.waiting.forEach(({ reject }) => { reject(error) })
    }
  }

  #keep (name: string, held: Held): void {
    this.#held.set(name, held)
    this.#announcements += held.size
    this.#trim()
  }

  #find (name: string): Held | undefined {
    return this.#held.get(name) ?? this.#news.get(name)
  }

  #drop (name: string): void {
    this.#announcements -= this.#find(name)?.size ?? 0
    this.#held.delete(name)
    this.#news.delete(name)
  }

  /** Those that nobody has asked for go first. One key stays, however many providers it has. */
  #trim (): void {
    const { maxKeys, maxAnnouncements } = this.#options

    for (const name of this.#news.keys()) {
      if (this.#news.size <= maxKeys / 2 && this.keys <= maxKeys && this.#announcements <= maxAnnouncements) {
        break
      }

      this.#drop(name)
    }

    for (const name of this.#held.keys()) {
      if (this.#held.size <= 1 || (this.#held.size <= maxKeys && this.#announcements <= maxAnnouncements)) {
        return
      }

      this.#drop(name)
    }
  }
}
