import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { chunked, chunksOf } from '../../../src/providers/providing/chunks.ts'
import { check, checkAsync } from '../../helpers/random.ts'

async function * arriving <T> (items: readonly T[]): AsyncGenerator<T> {
  yield * items
}

describe('groups', () => {
  it('have everything in its order, and none is larger than it may be, unless it is one thing', () => {
    check(fc.property(fc.array(fc.integer({ min: 0, max: 20 })), fc.integer({ min: 1, max: 30 }), (sizes, most) => {
      const chunks = chunksOf(sizes, size => size, most)
      const sum = (chunk: number[]): number => chunk.reduce((a, b) => a + b, 0)
      expect(chunks.flat()).to.deep.equal(sizes)
      chunks.forEach(chunk => { expect(chunk.length === 1 || sum(chunk) <= most).to.equal(true) })
      // none might have been in the one before
      chunks.slice(1).forEach((chunk, i) => { expect(sum(chunks[i]) + chunk[0]).to.be.above(most) })
      expect(chunks.every(chunk => chunk.length > 0)).to.equal(true)
    }))
  })

  it('of what arrives are full but for the last', async () => {
    await checkAsync(fc.asyncProperty(fc.array(fc.integer()), fc.integer({ min: 1, max: 10 }), async (items, size) => {
      const chunks: number[][] = []

      for await (const chunk of chunked(arriving(items), size)) {
        chunks.push(chunk)
      }

      expect(chunks.flat()).to.deep.equal(items)
      expect(chunks.slice(0, -1).every(({ length }) => length === size)).to.equal(true)
      expect(chunks.length).to.equal(Math.ceil(items.length / size))
    }))
  })
})
