import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { FoundProviders } from '../../../src/providers/find/found-providers.ts'
import { nearestFirst } from '../../../src/providers/find/nearest-first.ts'
import { passthroughMapper } from '../../../src/wire/address-mappers.ts'
import { contact, hashedId, peerIdOf } from '../../helpers/contacts.ts'
import { countListeners } from '../../helpers/count-listeners.ts'
import { falseTime, SECOND } from '../../helpers/false-time.ts'
import { checkAsync } from '../../helpers/random.ts'
import type { Provider } from '../../../src/providers/find/found-providers.ts'
import type { Clock } from '../../helpers/false-time.ts'

const SELF = contact(0)

/** How long the round trip is, ms, and whether it is known, can be measured, or neither. */
interface Distance {
  ms: number
  is: 'known' | 'measured' | 'failing'
}

const anyDistance: fc.Arbitrary<Distance> = fc.record({ ms: fc.integer({ min: 1, max: 500 }), is: fc.constantFrom('known', 'measured', 'failing') })

describe('providers by their round trip', () => {
  const { signal } = new AbortController()

  function providersFor (distances: readonly unknown[], ...others: Array<typeof SELF>): Provider[] {
    return new FoundProviders({ self: SELF.id, mapper: passthroughMapper, most: 1_000 })
      .hear(peerIdOf(hashedId(999)), 'a', [...distances.map((_, i) => contact(i + 1, '/ip4/1.2.3.4/tcp/1')), ...others])
  }

  it('stand in its order, known or measured, this node first, and those that cannot be measured last as they came', async () => {
    await checkAsync(fc.asyncProperty(fc.array(anyDistance, { maxLength: 16 }), async distances => {
      const providers = providersFor(distances, SELF)
      const at = new Map(distances.map((distance, i) => [contact(i + 1).id, distance]))
      const measured: string[] = []
      const ordered = await nearestFirst(providers, {
        self: SELF.id,
        roundTrip: ({ id }) => at.get(id)?.is === 'known' ? at.get(id)?.ms : undefined,
        measure: async ({ id }) => {
          measured.push(id)
          const distance = at.get(id)

          if (distance?.is !== 'measured') {
            throw new Error('it does not answer')
          }

          return distance.ms
        }
      }, { signal })
      const expected = distances.map(({ ms, is }, i) => ({ id: contact(i + 1).id, ms: is === 'failing' ? Infinity : ms, i }))
        .sort((a, b) => a.ms === b.ms ? a.i - b.i : a.ms - b.ms)

      expect(ordered.map(({ contact }) => contact.id)).to.deep.equal([SELF.id, ...expected.map(({ id }) => id)])
      expect(measured).to.deep.equal([...at].filter(([, { is }]) => is !== 'known').map(([id]) => id))
    }))
  })

  it('are not measured when the network is not to be used', async () => {
    const providers = providersFor([1, 2, 3])
    const ordered = await nearestFirst(providers, {
      self: SELF.id,
      roundTrip: ({ id }) => id === contact(3).id ? 10 : undefined,
      measure: async () => { throw new Error('it is measured') }
    }, { signal, useNetwork: false })

    expect(ordered).to.deep.equal([providers[2], providers[0], providers[1]])
  })

  describe('while time passes', () => {
    let clock: Clock

    beforeEach(() => { clock = falseTime() })
    afterEach(() => { clock.restore() })

    it('are measured eight at once, sixteen in all, each for five seconds at the most', async () => {
      const providers = providersFor(Array(20).fill(0))
      let running = 0
      let most = 0
      let begun = 0
      const done = nearestFirst(providers, {
        self: SELF.id,
        roundTrip: () => undefined,
        measure: async (peer, signal) => new Promise((resolve, reject) => {
          begun++
          most = Math.max(most, ++running)
          signal.addEventListener('abort', () => {
            running--
            reject(signal.reason)
          })
        })
      }, { signal })

      await clock.tickAsync(4_999)
      expect(begun).to.equal(8)
      await clock.tickAsync(1)
      expect(begun).to.equal(16)
      await clock.tickAsync(5 * SECOND)
      expect(await done).to.deep.equal(providers)
      expect({ begun, most, running, timers: clock.countTimers() }).to.deep.equal({ begun: 16, most: 8, running: 0, timers: 0 })
    })

    it('are measured no more when the signal is given, which leaves no listener and no timer', async () => {
      const controller = new AbortController()
      const listeners = countListeners(controller.signal)
      let ended = 0
      const done = nearestFirst(providersFor(Array(12).fill(0)), {
        self: SELF.id,
        roundTrip: () => undefined,
        measure: async (peer, signal) => new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => {
            ended++
            reject(signal.reason)
          })
        })
      }, { signal: controller.signal }).then(() => 'none', ({ message }: Error) => message)

      await clock.tickAsync(10)
      controller.abort(new Error('enough'))
      expect(await done).to.equal('enough')
      await clock.tickAsync(0)
      expect({ ended, listeners: listeners(), timers: clock.countTimers() }).to.deep.equal({ ended: 8, listeners: 0, timers: 0 })
    })
  })
})
