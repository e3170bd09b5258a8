// Providers in the order of the round trip to them: as this node knows it already, or else as it measures it.

import { withDeadline } from '../../wire/deadline.ts'
import { Slots } from '../../wire/slots.ts'
import type { Provider } from './found-providers.ts'
import type { Contact } from '../../query/contact.ts'

/** So many are measured, the first of those whose round trip is not known: each may take a dial. */
const MOST_MEASURED = 16

/** So many at once: more would measure this node's own queue. */
const AT_ONCE = 8

/** How long one may take, dial included, ms: whoever takes longer is far enough to come last. */
const LONGEST = 5_000

export interface NearestNeeds {
  /** this node: nobody is nearer */
  self: string
  /** how long a round trip to the peer takes, ms; undefined when this node does not know yet */
  roundTrip (peer: Contact): number | undefined
  /** measures it, ms; rejects when that is not possible */
  measure (peer: Contact, signal: AbortSignal): Promise<number>
}

/** Nearest first; those whose round trip stays unknown last, in the order in which they came. `useNetwork: false`: nothing is measured. */
export async function nearestFirst (providers: readonly Provider[], needs: NearestNeeds, { signal, useNetwork }: { signal: AbortSignal, useNetwork?: boolean }): Promise<Provider[]> {
  const times = new Map<Provider, number>()
  const unknown: Provider[] = []

  for (const provider of providers) {
    const ms = provider.contact.id === needs.self ? 0 : needs.roundTrip(provider.contact)

    if (ms == null) {
      unknown.push(provider)
    } else {
      times.set(provider, ms)
    }
  }

  if (useNetwork !== false) {
    const slots = new Slots(AT_ONCE)

    await Promise.all(unknown.slice(0, MOST_MEASURED).map(async provider => {
      await slots.take(signal)

      try {
        times.set(provider, await withDeadline(LONGEST, signal, async signal => needs.measure(provider.contact, signal)))
      } catch {
        // how far it is nobody knows
      } finally {
        slots.give()
      }
    }))
    signal.throwIfAborted()
  }

  const timeOf = (provider: Provider): number => times.get(provider) ?? Number.MAX_VALUE

  return [...providers].sort((a, b) => timeOf(a) - timeOf(b))
}
