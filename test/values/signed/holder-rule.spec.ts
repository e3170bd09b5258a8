import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { heldUntil, holderRule } from '../../../src/values/signed/holder-rule.ts'
import { compareSigned } from '../../../src/values/signed/selector.ts'
import { bytes } from '../../helpers/content.ts'
import { check } from '../../helpers/random.ts'
import { HOUR, NOW, ownerOf, privateKeyOf, signedBy } from '../../helpers/signed-records.ts'
import type { SignedRecord } from '../../../src/values/signed/payload.ts'

/** A value that may come in, and what is known of it. */
interface Known {
  value: Uint8Array
  /** undefined for what is no record */
  seq?: bigint
  /** what the owner has said in it, of which there may be several signatures */
  content?: string
}

/** What is held in the end. */
function holdAll (values: Uint8Array[]): Uint8Array | undefined {
  return values.reduce<Uint8Array | undefined>((held, value) => holderRule(held, value).action === 'replace' ? value : held, undefined)
}

describe('the rule of a holder', () => {
  const pool: Known[] = []
  let record: Uint8Array
  let index: fc.Arbitrary<number>

  before(async () => {
    // one signs the same alike, the other does not
    const owners = { ed25519: await ownerOf(1), ecdsa: await privateKeyOf('ECDSA') }

    const said: Array<Partial<SignedRecord>> = [1n, 2n, 3n].flatMap(seq => [NOW + 1, NOW + HOUR].flatMap(expires => [
      { seq, expires, value: bytes('a') },
      { seq, expires, value: bytes('b') },
      { seq, expires, rule: 'TOMBSTONE' }
    ]))

    for (const [name, owner] of Object.entries(owners)) {
      for (const [i, changes] of said.entries()) {
        const once: Known = { value: await signedBy(owner, changes), seq: changes.seq, content: `${name} ${i}` }
        pool.push(once, { ...once, value: await signedBy(owner, changes) })
      }
    }

    pool.push({ value: bytes('garbage') }, { value: new Uint8Array() })
    record = pool[0].value
    index = fc.nat(pool.length - 1)
  })

  const valueOf = (i: number): Uint8Array => pool[i].value

  it('takes what comes when nothing is held', () => {
    expect(holderRule(undefined, record)).to.deep.equal({ action: 'replace', equivocation: false })
  })

  it('lets all holders end with the same, the highest, in whatever order and however often records come', () => {
    const arrivals = fc.array(index, { minLength: 1, maxLength: 12 })
      .chain(all => fc.tuple(fc.shuffledSubarray(all, { minLength: all.length }), fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length })))

    check(fc.property(arrivals, ([once, twice]) => {
      const [one, other] = [holdAll(once.map(valueOf)), holdAll(twice.map(valueOf))]
      const highest = once.map(valueOf).sort(compareSigned).at(-1)

      expect(one).to.equalBytes(highest)
      expect(other).to.equalBytes(highest)
    }), 500)
  })

  it('tells of an equivocation exactly when one sequence number stands for two contents', () => {
    check(fc.property(index, index, (i, j) => {
      const [held, incoming] = [pool[i], pool[j]]

      expect(holderRule(held.value, incoming.value).equivocation).to.equal(held.seq != null && held.seq === incoming.seq && held.content !== incoming.content)
    }), 2_000)
  })

  it('keeps only what is outdone by other content, and refreshes only what is said again', () => {
    check(fc.property(index, index, (i, j) => {
      const [held, incoming] = [pool[i], pool[j]]
      const higher = compareSigned(incoming.value, held.value) > 0
      const again = held.content === incoming.content && (held.content != null || i === j)
      const { action } = holderRule(held.value, incoming.value)

      expect(action === 'replace').to.equal(higher)
      expect(action === 'refresh').to.equal(!higher && again)
    }), 2_000)
  })

  it('holds a record for its time, and never past its expiry', () => {
    expect(heldUntil({ expires: NOW + 48 * HOUR }, NOW, 36 * HOUR)).to.equal(NOW + 36 * HOUR)
    expect(heldUntil({ expires: NOW + 48 * HOUR }, NOW + 11 * HOUR, 36 * HOUR)).to.equal(NOW + 47 * HOUR)
    expect(heldUntil({ expires: NOW + 48 * HOUR }, NOW + 40 * HOUR, 36 * HOUR)).to.equal(NOW + 48 * HOUR)
  })
})
