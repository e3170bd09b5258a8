import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { keyFromDigest } from '../../../src/kademlia/key.ts'
import { cellOf, Cells, CELLS } from '../../../src/providers/providing/cells.ts'
import { check } from '../../helpers/random.ts'

const cell = fc.integer({ min: 0, max: CELLS - 1 })

describe('cells of the key space', () => {
  it('are named by the first three digits of a key', () => {
    check(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), digest => {
      expect(cellOf(keyFromDigest(digest)).toString(16).padStart(3, '0')).to.equal(Buffer.from(digest).toString('hex').slice(0, 3))
    }))
  })

  it('count what is in them, and know the oldest or one that is older', () => {
    const change = fc.record({ cell: fc.integer({ min: 0, max: 3 }), what: fc.constantFrom('add', 'remove', 'announce', 'refresh'), at: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100 })), which: fc.nat() })

    check(fc.property(fc.array(change, { maxLength: 60 }), changes => {
      const cells = new Cells()
      const truth = Array.from({ length: 4 }, (): number[] => [])

      for (const { cell, what, at, which } of changes) {
        const there = truth[cell]
        const index = which % Math.max(1, there.length)

        if (what === 'add') {
          cells.add(cell, at)
          there.push(at)
        } else if (what === 'refresh') {
          cells.refresh(cell, there)
        } else if (there.length > 0) {
          cells.remove(cell, there[index])
          there.splice(index, 1)

          if (what === 'announce') {
            cells.add(cell, at)
            there.push(at)
          }
        }

        expect(cells.count(cell)).to.equal(there.length)
        expect(cells.size).to.equal(truth.flat().length)
        expect(cells.neverAnnounced).to.equal(truth.flat().filter(at => at === 0).length)
        expect(cells.oldest(cell)).to.be.at.most(Math.min(...there))
        expect(cells.oldest(cell) === Infinity).to.equal(there.length === 0)
        expect(cells.oldest(cell) === 0).to.equal(there.includes(0))

        if (what === 'refresh') {
          expect(cells.oldest(cell)).to.equal(Math.min(...there))
        }
      }
    }))
  })

  it('are in blocks around one, as large as they may be, of no more keys than may be unless it is that cell alone', () => {
    check(fc.property(cell, fc.array(cell, { maxLength: 200 }), fc.integer({ min: 1, max: CELLS }), fc.integer({ min: 1, max: 100 }), (cell, keys, maxCells, maxKeys) => {
      const cells = new Cells()
      keys.forEach(key => { cells.add(key, 1) })
      const { digits, from, to } = cells.block(cell, { maxCells, maxKeys })
      const keysIn = (from: number, to: number): number => keys.filter(key => key >= from && key < to).length

      expect(from).to.be.at.most(cell)
      expect(to).to.be.above(cell)
      expect(to - from).to.equal(16 ** (3 - digits.length))
      expect(cell.toString(16).padStart(3, '0').startsWith(digits)).to.equal(true)
      expect(to - from === 1 || (to - from <= maxCells && keysIn(from, to) <= maxKeys)).to.equal(true)

      if (digits.length > 0) {
        const width = 16 * (to - from)
        const outer = Math.floor(cell / width) * width
        expect(width > maxCells || keysIn(outer, outer + width) > maxKeys).to.equal(true)
      }
    }))
  })
})
