import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { compareDistance, keyOf } from '../../../src/kademlia/key.ts'
import { leastWanted } from '../../../src/providers/store/fair-place.ts'
import { contact } from '../../helpers/contacts.ts'
import { bytes } from '../../helpers/content.ts'
import { check } from '../../helpers/random.ts'
import type { Announcement } from '../../../src/providers/store/announcement.ts'

const TARGET = keyOf(bytes('content'))

/** By nearness to the content. */
const PEERS = Array.from({ length: 50 }, (_, i) => contact(i)).sort((a, b) => compareDistance(a.key, b.key, TARGET))

function announcement (rank: number, group = ''): Announcement {
  return { id: PEERS[rank].id, announcedAt: 1, addresses: '', group }
}

describe('who has to go from a key that is full', () => {
  it('is the farthest when no group has more than its share, whoever came last', () => {
    expect(leastWanted([announcement(3), announcement(9), announcement(1)], TARGET, 2)).to.deep.equal(announcement(9))
    expect(leastWanted([announcement(3, '1.2'), announcement(9, '1.3'), announcement(1, '1.2')], TARGET, 2)).to.deep.equal(announcement(9, '1.3'))
  })

  it('is the farthest of the largest group when it has more than its share, though others are farther', () => {
    const near = [0, 1, 2, 3].map(rank => announcement(rank, '1.2'))
    const others = [announcement(40), announcement(41), announcement(42, '1.3'), announcement(43, '1.3'), announcement(44, '1.3')]

    expect(leastWanted([...others, ...near], TARGET, 8)).to.deep.equal(near[3])
  })

  it('is nobody for its group where none has one, as on a LAN', () => {
    expect(leastWanted([0, 1, 2, 3, 4, 5].map(rank => announcement(rank)), TARGET, 5)).to.deep.equal(announcement(5))
  })

  it('leaves in the end to no group more than a tenth of the places or two, however many it sends and whenever, where others fill the rest', () => {
    const arrival = fc.record({ rank: fc.nat(49), group: fc.constantFrom('', '', '1.2', '1.3') })

    check(fc.property(fc.shuffledSubarray(Array.from({ length: 50 }, (_, i) => i), { minLength: 50 }), fc.array(arrival, { minLength: 50, maxLength: 50 }), (order, arrivals) => {
      const places = 20
      let held: Announcement[] = []

      for (const [i, rank] of order.entries()) {
        held.push(announcement(rank, arrivals[i].group))

        if (held.length > places) {
          const leaving = leastWanted(held, TARGET, places)
          held = held.filter(other => other !== leaving)
        }
      }

      for (const group of ['1.2', '1.3']) {
        const count = held.filter(other => other.group === group).length
        const others = arrivals.filter(other => other.group === '').length
        expect(count <= 2 || others < places - 4).to.equal(true)
      }
    }), 300)
  })
})
