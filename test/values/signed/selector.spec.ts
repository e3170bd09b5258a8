import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { compareSigned, selectSigned } from '../../../src/values/signed/selector.ts'
import { bytes } from '../../helpers/content.ts'
import { check } from '../../helpers/random.ts'
import { HOUR, keyFor, NOW, ownerOf, signedBy } from '../../helpers/signed-records.ts'
import type { SignedRecord } from '../../../src/values/signed/payload.ts'
import type { PrivateKey } from '@libp2p/interface'

describe('the order of signed records', () => {
  let owner: PrivateKey
  /** from the lowest to the highest */
  let ladder: Uint8Array[]
  let values: fc.Arbitrary<Uint8Array>

  before(async () => {
    owner = await ownerOf(1)
    const rungs: Array<Partial<SignedRecord>> = [
      { seq: 0n, expires: NOW + 9 * HOUR, value: bytes('zzz') },
      { seq: 7n, expires: NOW + HOUR, value: bytes('zzz'), rule: 'TOMBSTONE' },
      { seq: 7n, expires: NOW + HOUR + 1, value: bytes('a') },
      { seq: 8n, expires: NOW + 1, value: bytes('b') },
      { seq: 2n ** 53n, expires: NOW + 1 },
      { seq: 2n ** 53n + 1n, expires: NOW },
      { seq: 2n ** 64n - 1n, expires: 0 },
      { seq: 2n ** 64n - 1n, expires: Number.MAX_SAFE_INTEGER - 1 },
      { seq: 2n ** 64n - 1n, expires: Number.MAX_SAFE_INTEGER }
    ]
    ladder = [new Uint8Array(), bytes('garbage'), Uint8Array.of(255), ...await Promise.all(rungs.map(async rung => signedBy(owner, rung)))]
    // records, nearly records, any bytes
    values = fc.oneof(
      fc.constantFrom(...ladder),
      fc.tuple(fc.constantFrom(...ladder), fc.nat(400), fc.integer({ min: 1, max: 255 })).map(([whole, at, change]) => whole.map((byte, i) => i === at ? byte ^ change : byte)),
      fc.uint8Array({ maxLength: 300 })
    )
  })

  it('goes by sequence number, then by expiry; what cannot be read comes before all', () => {
    for (let i = 0; i < ladder.length; i++) {
      for (let j = 0; j < ladder.length; j++) {
        expect(Math.sign(compareSigned(ladder[i], ladder[j])), `${i} ${j}`).to.equal(Math.sign(i - j))
      }
    }
  })

  it('goes by bytes where sequence number and expiry are equal', async () => {
    const pair = [await signedBy(owner, { value: bytes('a') }), await signedBy(owner, { value: bytes('b') })]

    expect(compareSigned(pair[0], pair[1])).to.be.lessThan(0)
    expect(compareSigned(pair[1], pair[0])).to.be.greaterThan(0)
  })

  it('is total and antisymmetric for any bytes', () => {
    check(fc.property(values, values, (a, b) => {
      const same = a.length === b.length && a.every((byte, i) => byte === b[i])

      expect(compareSigned(a, b) === 0).to.equal(same)
      expect(Math.sign(compareSigned(a, b)) + Math.sign(compareSigned(b, a))).to.equal(0)
    }), 1_000)
  })

  it('is transitive for any bytes', () => {
    check(fc.property(values, values, values, (a, b, c) => {
      const [x, y, z] = [a, b, c].sort(compareSigned)

      expect(compareSigned(x, y)).to.be.at.most(0)
      expect(compareSigned(y, z)).to.be.at.most(0)
      expect(compareSigned(x, z)).to.be.at.most(0)
    }), 1_000)
  })

  it('lets the selector choose the same record in whatever order they are given', () => {
    check(fc.property(fc.array(values, { minLength: 1, maxLength: 8 }).chain(all => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))), ([all, shuffled]) => {
      const chosen = all[Number(selectSigned(keyFor(owner), all))]

      expect(shuffled[Number(selectSigned(keyFor(owner), shuffled))]).to.equalBytes(chosen)
      expect(all.every(other => compareSigned(other, chosen) <= 0)).to.equal(true)
    }), 300)
  })
})
