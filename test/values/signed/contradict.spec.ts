import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { contradict, sayTheSame } from '../../../src/values/signed/contradict.ts'
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

describe('two records of one owner', () => {
  const pool: Known[] = []
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
    index = fc.nat(pool.length - 1)
  })

  it('contradict each other exactly when one sequence number stands for two contents', () => {
    check(fc.property(index, index, (i, j) => {
      const [one, other] = [pool[i], pool[j]]

      expect(contradict(one.value, other.value)).to.equal(one.seq != null && one.seq === other.seq && one.content !== other.content)
    }), 2_000)
  })

  it('say the same exactly when they are signatures under the same content', () => {
    check(fc.property(index, index, (i, j) => {
      const [one, other] = [pool[i], pool[j]]

      expect(sayTheSame(one.value, other.value)).to.equal(one.content != null && one.content === other.content)
    }), 2_000)
  })
})
