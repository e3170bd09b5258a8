import { expect } from 'aegir/chai'
import sinon from 'sinon'
import { Namespaces } from '../../../src/values/namespaces.ts'
import { DEFAULT_SIGNED_SIZE, MAX_AHEAD, MAX_SIGNED_SIZE } from '../../../src/values/signed/limits.ts'
import { encodePayload } from '../../../src/values/signed/payload.ts'
import { selectSigned } from '../../../src/values/signed/selector.ts'
import { signedValidator } from '../../../src/values/signed/validator.ts'
import { bytes } from '../../helpers/content.ts'
import { HOUR, keyFor, NOW, ownerOf, ownerWithByte, privateKeyOf, recordOf, sealed, signedBy } from '../../helpers/signed-records.ts'
import type { SignedRecord } from '../../../src/values/signed/payload.ts'
import type { PrivateKey } from '@libp2p/interface'

describe('the validator of signed records', () => {
  let owner: PrivateKey
  let key: Uint8Array

  before(async () => {
    owner = await ownerOf(1)
    key = keyFor(owner)
  })

  const now = (): number => NOW

  /** A record of so many bytes. */
  async function ofSize (size: number): Promise<Uint8Array> {
    const short = await signedBy(owner, { value: new Uint8Array(500) })
    const value = await signedBy(owner, { value: new Uint8Array(500 + size - short.byteLength) })
    expect(value.byteLength).to.equal(size)

    return value
  }

  describe('lets pass', () => {
    const good: Array<[string, Partial<SignedRecord>]> = [
      ['a record', {}],
      ['one without a value', { value: new Uint8Array() }],
      ['a tombstone', { rule: 'TOMBSTONE', value: new Uint8Array() }],
      ['one that expires in a millisecond', { expires: NOW + 1 }],
      ['one that expires in 48 hours', { expires: NOW + MAX_AHEAD }]
    ]

    for (const [what, changes] of good) {
      it(what, async () => {
        const owner = await ownerOf(1)

        await signedValidator({ now })(keyFor(owner), await signedBy(owner, changes))
      })
    }

    it('one whose owner has a slash in the peer id', async () => {
      const owner = await ownerWithByte(0x2f)
      await signedValidator({ now })(keyFor(owner, 'a/b'), await signedBy(owner, { key: keyFor(owner, 'a/b') }))
    })

    it('one of 1 KiB, or as long as it is told', async () => {
      expect(DEFAULT_SIGNED_SIZE).to.equal(1024)
      await signedValidator({ now })(key, await ofSize(1024))
      await signedValidator({ now, maxSize: 2000 })(key, await ofSize(2000))
      await signedValidator({ now, maxSize: 10 * 1024 })(key, await ofSize(10 * 1024))
    })
  })

  describe('refuses', () => {
    async function expectRefused (value: Uint8Array, message: string, under = key): Promise<void> {
      await expect(signedValidator({ now })(under, value)).to.eventually.be.rejectedWith(message).with.property('name', 'InvalidRecordError')
    }

    it('one that is a byte over the limit', async () => {
      await expectRefused(await ofSize(1025), 'over the limit of 1024')
    })

    it('one that was signed for another name', async () => {
      await expectRefused(await signedBy(owner), 'signed for another key', keyFor(owner, 'other'))
    })

    it('one that was signed for another owner\'s key', async () => {
      await expectRefused(await signedBy(owner), 'signed for another key', keyFor(await ownerOf(2)))
    })

    it('one that somebody else has signed', async () => {
      await expectRefused(await sealed(await ownerOf(2), encodePayload(recordOf(owner))), 'somebody else')
    })

    it('one that expires at this moment', async () => {
      await expectRefused(await signedBy(owner, { expires: NOW }), 'expired 0 ms ago')
    })

    it('one that expires a millisecond after 48 hours', async () => {
      await expectRefused(await signedBy(owner, { expires: NOW + MAX_AHEAD + 1 }), 'over the limit of 172800000')
    })

    it('one that ends in the wrong signature', async () => {
      const [one, other] = [await signedBy(owner), await signedBy(owner, { seq: 8n })]
      await expectRefused(Uint8Array.from([...one.subarray(0, -64), ...other.subarray(-64)]), 'signature is not that')
    })

    it('whatever is under a key that is not of signed records', async () => {
      await expect(signedValidator({ now })(bytes('/sig/a'), await signedBy(owner))).to.eventually.be.rejected.with.property('name', 'InvalidParametersError')
    })
  })

  it('says of a record that is wrong in all respects what is cheapest to know, then the next', async () => {
    const other = await ownerOf(2)
    const validate = signedValidator({ now, maxSize: 600 })
    /** Signed by another, and spoilt. */
    const forged = async (changes: Partial<SignedRecord>): Promise<Uint8Array> => {
      const value = await sealed(other, encodePayload(recordOf(owner, changes)))
      value[value.byteLength - 9] ^= 4
      return value
    }

    const expired = { expires: NOW - HOUR }
    const elsewhere = { key: keyFor(owner, 'other') }
    await expect(validate(key, await forged({ ...expired, ...elsewhere, value: new Uint8Array(600) }))).to.eventually.be.rejectedWith('over the limit')
    await expect(validate(key, await forged({ ...expired, ...elsewhere }))).to.eventually.be.rejectedWith('another key')
    await expect(validate(key, await forged(expired))).to.eventually.be.rejectedWith('expired')
    await expect(validate(key, await forged({}))).to.eventually.be.rejectedWith('somebody else')
  })

  it('is told in the words of the namespace, with the reason', async () => {
    const namespaces = new Namespaces({ sig: signedValidator({ now }) }, { sig: selectSigned })

    await namespaces.validate(key, await signedBy(owner))
    await expect(namespaces.validate(key, bytes('no envelope'))).to.eventually.be.rejectedWith('not valid under its key: The value is no signed envelope').with.property('name', 'InvalidRecordError')
  })

  it('is not made with limits out of their range', () => {
    for (const options of [{ maxSize: 0 }, { maxSize: MAX_SIGNED_SIZE + 1 }, { maxSize: 0.5 }, { maxSize: NaN }, { cacheSize: -1 }, { cacheSize: 0.5 }, { cacheSize: Infinity }]) {
      expect(() => signedValidator(options), JSON.stringify(options)).to.throw().with.property('name', 'InvalidParametersError')
    }
  })

  describe('remembers what it has verified', () => {
    let ecdsa: PrivateKey
    let verify: sinon.SinonSpy

    before(async () => {
      // signatures of this type are verified where a test can count
      ecdsa = await privateKeyOf('ECDSA')
    })

    beforeEach(() => {
      verify = sinon.spy(crypto.subtle, 'verify')
    })

    afterEach(() => {
      verify.restore()
    })

    it('and verifies it once', async () => {
      const validate = signedValidator({ now })
      const [value, key] = [await signedBy(ecdsa), keyFor(ecdsa)]

      await validate(key, value)
      await validate(key.slice(), value.slice())
      expect(verify.callCount).to.equal(1)
    })

    it('and looks at its time whenever it is asked', async () => {
      let time = NOW
      const validate = signedValidator({ now: () => time })
      const [value, key] = [await signedBy(ecdsa, { expires: NOW + HOUR }), keyFor(ecdsa)]
      await validate(key, value)

      time = NOW + HOUR - 1
      await validate(key, value)
      time = NOW + HOUR
      await expect(validate(key, value)).to.eventually.be.rejectedWith('expired 0 ms ago')
      time = NOW + HOUR - MAX_AHEAD - 1
      await expect(validate(key, value)).to.eventually.be.rejectedWith('over the limit of 172800000')
      expect(verify.callCount).to.equal(1)
    })

    it('and takes nothing else for it: no other key, and no other bytes', async () => {
      const validate = signedValidator({ now })
      const [value, key] = [await signedBy(ecdsa), keyFor(ecdsa)]
      await validate(key, value)

      await expect(validate(keyFor(ecdsa, 'other'), value)).to.eventually.be.rejectedWith('another key')
      // the same bytes in a row, divided elsewhere
      await expect(validate(Uint8Array.from([...key, value[0]]), value.subarray(1))).to.eventually.be.rejected()
      value[value.byteLength - 1] ^= 1
      await expect(validate(key, value)).to.eventually.be.rejectedWith('signature is not that')
    })

    it('and not what it has refused', async () => {
      const validate = signedValidator({ now })
      const [value, key] = [await signedBy(ecdsa), keyFor(ecdsa)]
      value[value.byteLength - 1] ^= 1

      await expect(validate(key, value)).to.eventually.be.rejectedWith('signature is not that')
      await expect(validate(key, value)).to.eventually.be.rejectedWith('signature is not that')
      expect(verify.callCount).to.equal(2)
    })

    it('but no more than it is told', async () => {
      const validate = signedValidator({ now, cacheSize: 4 })
      const key = keyFor(ecdsa)
      const values = await Promise.all(Array.from({ length: 8 }, async (_, i) => signedBy(ecdsa, { seq: BigInt(i) })))

      for (const value of values) {
        await validate(key, value)
      }

      // the latest is remembered, the first is not
      verify.resetHistory()
      await validate(key, values[7])
      expect(verify.callCount).to.equal(0)
      await validate(key, values[0])
      expect(verify.callCount).to.equal(1)
    })

    it('or nothing at all', async () => {
      const validate = signedValidator({ now, cacheSize: 0 })
      const [value, key] = [await signedBy(ecdsa), keyFor(ecdsa)]

      await validate(key, value)
      await validate(key, value)
      expect(verify.callCount).to.equal(2)
    })
  })
})
