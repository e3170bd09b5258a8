import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { Heap } from '../../../src/values/store/heap.ts'
import { check } from '../../helpers/random.ts'
import type { Placed } from '../../../src/values/store/heap.ts'

interface Item extends Placed {
  value: number
}

describe('a heap', () => {
  it('has the first of all that are in it at the top, whatever was added and taken out', () => {
    check(fc.property(fc.array(fc.record({ value: fc.integer({ min: 0, max: 20 }), remove: fc.option(fc.nat()) })), steps => {
      const heap = new Heap<Item>((a, b) => a.value - b.value)
      const items: Item[] = []

      for (const { value, remove } of steps) {
        if (remove != null && items.length > 0) {
          const [item] = items.splice(remove % items.length, 1)
          heap.remove(item)
          // a second time it is not there
          heap.remove(item)
        } else {
          const item = { value, at: 0 }
          heap.add(item)
          items.push(item)
        }

        expect(heap.first?.value).to.equal(items.length === 0 ? undefined : Math.min(...items.map(({ value }) => value)))
      }
    }), 1_000)
  })
})
