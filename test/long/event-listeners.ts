// Counts the listeners of everything that has any, however hidden, by the class of what is listened to and the event. What
// nobody holds any more is collected and so not counted: a listener on it is no leak.

import { getEventListeners } from 'node:events'

export class EventListeners {
  readonly #targets = new Set<WeakRef<EventTarget>>()
  readonly #types = new WeakMap<EventTarget, Set<string>>()

  /** Sees what is listened to from now on. */
  watch (): void {
    const { addEventListener } = EventTarget.prototype
    const note = (target: EventTarget, type: string): void => { this.#note(target, type) }

    EventTarget.prototype.addEventListener = function (type, listener, options) {
      note(this, type)
      addEventListener.call(this, type, listener, options)
    }
  }

  /** By class and event. Collect the garbage first. */
  count (): Record<string, number> {
    const counts: Record<string, number> = {}

    for (const ref of this.#targets) {
      const target = ref.deref()

      if (target == null) {
        this.#targets.delete(ref)
        continue
      }

      for (const type of this.#types.get(target) ?? []) {
        const { length } = getEventListeners(target, type)
        const name = `${target.constructor.name} ${type}`

        if (length > 0) {
          counts[name] = (counts[name] ?? 0) + length
        }
      }
    }

    return counts
  }

  #note (target: EventTarget, type: string): void {
    const types = this.#types.get(target)

    if (types == null) {
      this.#types.set(target, new Set([type]))
      this.#targets.add(new WeakRef(target))
    } else {
      types.add(type)
    }
  }
}
