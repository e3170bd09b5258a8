import { expect } from 'aegir/chai'
import { Slots } from '../../src/wire/slots.ts'
import { countListeners } from '../helpers/count-listeners.ts'
import { turn } from '../helpers/turns.ts'

describe('places of which there are only so many', () => {
  const { signal } = new AbortController()
  const listeners = countListeners(signal)

  it('go to those who wait in the order in which they came', async () => {
    const slots = new Slots(2)
    const taken: string[] = []
    const take = async (name: string): Promise<void> => {
      await slots.take(signal)
      taken.push(name)
    }
    await Promise.all(['a', 'b'].map(take))
    const rest = Promise.all(['c', 'd', 'e'].map(take))
    await turn()
    expect(taken).to.deep.equal(['a', 'b'])
    slots.give()
    await turn()
    expect(taken).to.deep.equal(['a', 'b', 'c'])
    expect({ taken: slots.taken, waiting: slots.waiting }).to.deep.equal({ taken: 2, waiting: 2 })
    slots.give()
    slots.give()
    await rest
    expect(taken).to.deep.equal(['a', 'b', 'c', 'd', 'e'])
    slots.give()
    slots.give()
    expect(slots.taken).to.equal(0)
  })

  it('are not taken by those who have left, of whom nothing is left', async () => {
    const slots = new Slots(1)
    await slots.take(signal)
    const controller = new AbortController()
    const listenersThere = countListeners(controller.signal)
    const left = slots.take(controller.signal).catch((error: Error) => error.message)
    const stays = slots.take(signal)
    controller.abort(new Error('enough'))
    expect(await left).to.equal('enough')
    expect(slots.waiting).to.equal(1)
    slots.give()
    await stays
    slots.give()
    expect(slots.taken).to.equal(0)
    expect(listeners()).to.equal(0)
    expect(listenersThere()).to.equal(0)
    expect(await slots.take(controller.signal).catch((error: Error) => error.message)).to.equal('enough')
  })
})
