import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { CandidateList } from '../../src/kademlia/candidate-list.ts'
import { newCandidate } from '../../src/kademlia/candidate.ts'
import { anyKey, ids, peerNamed, peersNamed, sortedTruth } from '../helpers/peer-keys.ts'
import { check } from '../helpers/random.ts'
import type { Candidate } from '../../src/kademlia/candidate.ts'
import type { PeerKey } from '../../src/kademlia/key.ts'

type Deed = ['add' | 'remove', number]

const CANDIDATES = peersNamed('candidate-', 40).map(peer => newCandidate(peer, 0, 0))
const anyDeeds: fc.Arbitrary<Deed[]> = fc.array(fc.tuple(fc.constantFrom('add', 'add', 'remove'), fc.nat(CANDIDATES.length - 1)), { maxLength: 120 })

/** The same with an array that is sorted anew each time. */
function addToArray (array: Array<Candidate<PeerKey>>, candidate: Candidate<PeerKey>, target: PeerKey, most: number): { kept: boolean, left?: string } {
  const all = sortedTruth(new Set([...array, candidate]), target.key)
  array.splice(0, array.length, ...all.slice(0, most))
  const out = all[most]

  return { kept: array.includes(candidate), left: out == null || out === candidate ? undefined : out.id }
}

describe('a list of candidates', () => {
  it('is what an array would be that is sorted after each change, whatever the order', () => {
    check(fc.property(anyKey, fc.integer({ min: 1, max: 30 }), anyDeeds, (key, most, deeds) => {
      const target = { id: 'target', key }
      const list = new CandidateList<PeerKey>(key, most)
      const array: Array<Candidate<PeerKey>> = []

      for (const [deed, i] of deeds) {
        const candidate = CANDIDATES[i]

        if (deed === 'add') {
          const { kept, left } = list.add(candidate)
          expect({ kept, left: left?.id }).to.deep.equal({ left: undefined, ...addToArray(array, candidate, target, most) })
        } else {
          list.remove(candidate)
          array.splice(0, array.length, ...array.filter(other => other !== candidate))
        }

        expect(ids(list)).to.deep.equal(ids(array))
        expect(CANDIDATES.filter(candidate => list.has(candidate)).length).to.equal(array.length)
        expect(array.every(candidate => list.has(candidate))).to.equal(true)
      }
    }), 200)
  })

  it('does not mind an addition or a removal that is repeated', () => {
    const list = new CandidateList<PeerKey>(peerNamed('target').key, 2)

    expect(list.add(CANDIDATES[0])).to.deep.equal({ kept: true, left: undefined })
    expect(list.add(CANDIDATES[0])).to.deep.equal({ kept: true, left: undefined })
    list.remove(CANDIDATES[0])
    list.remove(CANDIDATES[0])
    expect([...list]).to.deep.equal([])
  })

  it('takes another for none of its own, though it stands for the same peer', () => {
    const list = new CandidateList<PeerKey>(peerNamed('target').key, 2)
    const twin = newCandidate(CANDIDATES[0].peer, 1, 1)
    list.add(CANDIDATES[0])

    expect(list.has(twin)).to.equal(false)
    list.remove(twin)
    expect([...list]).to.deep.equal([CANDIDATES[0]])
  })

  it('keeps nobody where it may keep none', () => {
    const list = new CandidateList<PeerKey>(peerNamed('target').key, 0)

    expect(list.add(CANDIDATES[0])).to.deep.equal({ kept: false })
    expect([...list]).to.deep.equal([])
  })
})
