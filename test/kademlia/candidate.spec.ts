import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { become, isBelieved, mayBeTried, nameAgain, newCandidate } from '../../src/kademlia/candidate.ts'
import { peerNamed } from '../helpers/peer-keys.ts'
import { check } from '../helpers/random.ts'
import type { Candidate, CandidateState, TrustRules } from '../../src/kademlia/candidate.ts'
import type { PeerKey } from '../../src/kademlia/key.ts'

type Deed = ['name', number, number] | ['become', number, CandidateState]

const RULES: TrustRules = { blame: 1, credit: 0.25, trial: 3 }
const MOST_REFERRERS = 16

const known = (name: string): Candidate<PeerKey> => newCandidate(peerNamed(name), 0, 0)
const named = (name: string, by: Candidate<PeerKey>): Candidate<PeerKey> => newCandidate(peerNamed(name), 1, 0, by)

/** So many that `by` alone named, in that state. */
function nameSome (count: number, by: Candidate<PeerKey>, state: CandidateState): Array<Candidate<PeerKey>> {
  return Array.from({ length: count }, (_, i) => {
    const candidate = named(`${by.id}-${state}-${i}`, by)
    become(candidate, state)

    return candidate
  })
}

const anyState = fc.constantFrom<CandidateState>('heard', 'asked', 'slow', 'answered', 'failed', 'undialable')
const anyDeeds: fc.Arbitrary<Deed[]> = fc.array(fc.oneof(
  fc.tuple(fc.constant('name' as const), fc.nat(9), fc.nat(24)),
  fc.tuple(fc.constant('become' as const), fc.nat(9), anyState)
), { maxLength: 200 })

function sum (candidates: Array<Candidate<PeerKey>>, by: Candidate<PeerKey>, states: CandidateState[], share: (candidate: Candidate<PeerKey>) => number): number {
  return candidates
    .filter(({ state, referrers }) => states.includes(state) && referrers.includes(by))
    .reduce((sum, candidate) => sum + share(candidate), 0)
}

describe('the account of who names others', () => {
  it('is what adding it all up anew gives, whatever happened in whatever order', () => {
    check(fc.property(anyDeeds, deeds => {
      const referrers = Array.from({ length: 25 }, (_, i) => known(`referrer-${i}`))
      const candidates = Array.from({ length: 10 }, (_, i) => named(`candidate-${i}`, referrers[i]))
      const share = (candidate: Candidate<PeerKey>): number => 1 / candidate.referrers.length

      deeds.forEach(deed => {
        if (deed[0] === 'name') {
          nameAgain(candidates[deed[1]], referrers[deed[2]])
        } else {
          become(candidates[deed[1]], deed[2])
        }
      })

      referrers.forEach(referrer => {
        expect(referrer.lost).to.be.closeTo(sum(candidates, referrer, ['slow', 'failed'], share), 1e-9)
        expect(referrer.answering).to.be.closeTo(sum(candidates, referrer, ['answered'], share), 1e-9)
        expect(referrer.onTrial).to.equal(sum(candidates, referrer, ['asked'], () => 1))
      })
    }), 300)
  })

  it('blames all who named a peer with one loss, and credits them with one answer, together', () => {
    for (let count = 1; count <= 40; count++) {
      const referrers = Array.from({ length: count }, (_, i) => known(`referrer-${i}`))
      const candidate = named('candidate', referrers[0])
      referrers.forEach(referrer => { nameAgain(candidate, referrer) })

      become(candidate, 'failed')
      expect(referrers.reduce((sum, { lost }) => sum + lost, 0)).to.be.closeTo(1, 1e-9)
      become(candidate, 'answered')
      expect(referrers.reduce((sum, { lost }) => sum + lost, 0)).to.be.closeTo(0, 1e-9)
      expect(referrers.reduce((sum, { answering }) => sum + answering, 0)).to.be.closeTo(1, 1e-9)
      expect(candidate.referrers.length).to.equal(Math.min(count, MOST_REFERRERS))
    }
  })

  it('names nobody twice, and nobody for a peer that was known', () => {
    const [a, b] = [known('a'), known('b')]
    const candidate = named('candidate', a)
    nameAgain(candidate, a)
    nameAgain(b, a)

    expect(candidate.referrers).to.have.lengthOf(1)
    expect(b.referrers).to.have.lengthOf(0)
  })

  it('shares the blame with who names it after it has failed', () => {
    const [a, b] = [known('a'), known('b')]
    const candidate = named('candidate', a)
    become(candidate, 'failed')
    expect(a.lost).to.equal(1)
    nameAgain(candidate, b)

    expect([a.lost, b.lost]).to.deep.equal([0.5, 0.5])
  })
})

describe('whom to believe', () => {
  it('is everybody without the rule', () => {
    const liar = known('liar')
    nameSome(20, liar, 'failed')

    expect(isBelieved(named('x', liar))).to.equal(true)
    expect(mayBeTried(named('x', liar))).to.equal(true)
  })

  it('is no longer who is to blame for one lost peer, slow ones too, and named nobody else who answered', () => {
    for (const state of ['failed', 'slow'] as const) {
      const liar = known('liar')
      const other = named('other', liar)
      expect(isBelieved(other, RULES)).to.equal(true)
      const [lost] = nameSome(1, liar, state)
      expect(isBelieved(other, RULES)).to.equal(false)
      become(lost, 'answered')
      expect(isBelieved(other, RULES)).to.equal(true)
    }
  })

  it('is who named one that answers for each four that are lost, and nobody who named five', () => {
    const peer = known('peer')
    nameSome(1, peer, 'answered')
    nameSome(4, peer, 'failed')
    expect(isBelieved(named('x', peer), RULES)).to.equal(true)

    nameSome(1, peer, 'failed')
    expect(isBelieved(named('x', peer), RULES)).to.equal(false)
  })

  it('is, when several name the same, any of them', () => {
    const [liar, honest] = [known('liar'), known('honest')]
    const candidate = named('candidate', liar)
    nameSome(2, liar, 'failed')
    nameAgain(candidate, honest)

    expect(isBelieved(candidate, RULES)).to.equal(true)
  })

  it('is always oneself', () => {
    const candidate = known('candidate')
    const liar = known('liar')
    nameSome(5, liar, 'failed')
    nameAgain(candidate, liar)

    expect(isBelieved(candidate, RULES)).to.equal(true)
    expect(mayBeTried(candidate, RULES)).to.equal(true)
  })
})

describe('whom to try', () => {
  it('is three at once of one who has named nobody that answered, and any number after that', () => {
    const peer = known('peer')
    const asked = nameSome(2, peer, 'asked')
    expect(mayBeTried(named('x', peer), RULES)).to.equal(true)
    asked.push(...nameSome(1, peer, 'asked'))
    expect(mayBeTried(named('x', peer), RULES)).to.equal(false)

    become(asked[0], 'failed')
    expect(mayBeTried(named('x', peer), RULES)).to.equal(true)
    become(asked[1], 'answered')
    nameSome(9, peer, 'asked')
    expect(mayBeTried(named('x', peer), RULES)).to.equal(true)
  })

  it('is whom anybody named who has few on trial', () => {
    const [busy, idle] = [known('busy'), known('idle')]
    nameSome(3, busy, 'asked')
    const candidate = named('candidate', busy)
    expect(mayBeTried(candidate, RULES)).to.equal(false)
    nameAgain(candidate, idle)

    expect(mayBeTried(candidate, RULES)).to.equal(true)
  })
})
