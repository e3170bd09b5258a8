import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { Namespaces } from '../../src/values/namespaces.ts'
import { publicKeyKey, selectPublicKey, validatePublicKey } from '../../src/values/public-key.ts'
import { bytes } from '../helpers/content.ts'

describe('namespaces', () => {
  it('validates by the namespace of the key', async () => {
    const namespaces = new Namespaces({ validators: { a: () => {}, b: async () => { throw new Error('never') } }, selectors: {}, timeout: 5_000 })

    await namespaces.validate(bytes('/a/x'), bytes('1'))
    await expect(namespaces.validate(bytes('/b/x'), bytes('1'))).to.eventually.be.rejectedWith('not valid under its key: never').with.property('name', 'InvalidRecordError')
  })

  it('refuses namespaces that nobody gave it, those that every object has included', async () => {
    const namespaces = new Namespaces({ validators: { pk: () => {} }, selectors: { pk: () => 0 }, timeout: 5_000 })

    for (const key of ['/constructor/x', '/toString/x', '/__proto__/x', '/hasOwnProperty/x', '/PK/x', '//x', '/pkx/']) {
      await expect(namespaces.validate(bytes(key), bytes('1'))).to.eventually.be.rejected.with.property('name', 'InvalidParametersError', key)
      await expect(namespaces.select(bytes(key), [bytes('1'), bytes('2')])).to.eventually.be.rejected('name', key)
    }
  })

  it('refuses keys that have none', async () => {
    const namespaces = new Namespaces({ validators: { pk: () => {} }, selectors: {}, timeout: 5_000 })

    for (const key of ['', '/', 'pk', 'pk/x', '/pk']) {
      await expect(namespaces.validate(bytes(key), bytes('1'))).to.eventually.be.rejectedWith('has no namespace')
    }
  })

  it('asks for a selector only when there is something to select', async () => {
    const namespaces = new Namespaces({ validators: { a: () => {} }, selectors: {}, timeout: 5_000 })

    expect(await namespaces.select(bytes('/a/x'), [bytes('1')])).to.equal(0)
    await expect(namespaces.select(bytes('/a/x'), [bytes('1'), bytes('2')])).to.eventually.be.rejected.with.property('name', 'MissingSelectorError')
  })

  it('does not believe a selector that chooses what is not there', async () => {
    for (const choice of [2, -1, 0.5, NaN]) {
      const namespaces = new Namespaces({ validators: { a: () => {} }, selectors: { a: () => choice }, timeout: 5_000 })
      await expect(namespaces.select(bytes('/a/x'), [bytes('1'), bytes('2')])).to.eventually.be.rejected.with.property('name', 'InvalidRecordError')
    }
  })

  it('takes a public key under its own peer\'s key and no other', async () => {
    const namespaces = new Namespaces({ validators: { pk: validatePublicKey }, selectors: { pk: selectPublicKey }, timeout: 5_000 })

    for (const type of ['Ed25519', 'secp256k1', 'ECDSA'] as const) {
      const { publicKey } = await generateKeyPair(type)
      const { publicKey: other } = await generateKeyPair(type)
      const key = publicKeyKey(publicKey.toMultihash().bytes)

      await namespaces.validate(key, publicKeyToProtobuf(publicKey))
      await expect(namespaces.validate(key, publicKeyToProtobuf(other))).to.eventually.be.rejected.with.property('name', 'InvalidRecordError')
      await expect(namespaces.validate(key, bytes('no key'))).to.eventually.be.rejected.with.property('name', 'InvalidRecordError')
    }
  })
})
