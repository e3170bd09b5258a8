import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { Namespaces } from '../../src/values/namespaces.ts'
import { publicKeyKey, selectPublicKey, validatePublicKey } from '../../src/values/public-key.ts'
import { bytes } from '../helpers/content.ts'
import { falseTime } from '../helpers/false-time.ts'

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

  it('waits for a validator no longer than it may, and tells it that nobody waits', async () => {
    const clock = falseTime()
    let told = false

    try {
      const namespaces = new Namespaces({
        validators: { a: async (key, value, options) => new Promise(() => { options?.signal?.addEventListener('abort', () => { told = true }) }) },
        selectors: {},
        timeout: 5_000
      })
      const outcome = namespaces.validate(bytes('/a/x'), bytes('1')).catch(error => error)
      await clock.tickAsync(5_000)

      expect(await outcome).to.have.property('name', 'InvalidRecordError')
      expect(told).to.equal(true)
    } finally {
      clock.restore()
    }
  })

  it('waits for a selector no longer than it may', async () => {
    const clock = falseTime()

    try {
      const namespaces = new Namespaces({ validators: { a: () => {} }, selectors: { a: async () => new Promise(() => {}) }, timeout: 5_000 })
      const outcome = namespaces.best(bytes('/a/x'), [bytes('1'), bytes('2')]).catch(error => error)
      await clock.tickAsync(5_000)
      expect(await outcome).to.have.property('name', 'TimeoutError')
    } finally {
      clock.restore()
    }
  })

  it('does not call a value invalid that the caller had no time for', async () => {
    const namespaces = new Namespaces({ validators: { a: async () => new Promise(() => {}) }, selectors: {}, timeout: 5_000 })
    const controller = new AbortController()
    const outcome = namespaces.validate(bytes('/a/x'), bytes('1'), { signal: controller.signal }).catch(error => error)
    controller.abort(new Error('enough'))

    expect(await outcome).to.have.property('message', 'enough')
  })

  it('knows more of values only by rules of their own namespace', () => {
    const merge = (values: Uint8Array[]): Uint8Array => values[0]
    const namespaces = new Namespaces({ validators: {}, selectors: {}, rules: { a: { merge } }, timeout: 5_000 })

    expect(namespaces.rulesOf(bytes('/a/x')).merge).to.equal(merge)
    expect(namespaces.rulesOf(bytes('/b/x'))).to.deep.equal({})
    expect(namespaces.rulesOf(bytes('/constructor/x'))).to.deep.equal({})
  })

  it('takes what values come to together for the best of them where they are merged, and else the one selected', async () => {
    const namespaces = new Namespaces({ validators: {}, selectors: { one: () => 1 }, rules: { all: { merge: union } }, timeout: 5_000 })

    expect(await namespaces.best(bytes('/all/x'), [bytes('ab'), bytes('bc')])).to.equalBytes(bytes('abc'))
    expect(await namespaces.best(bytes('/one/x'), [bytes('ab'), bytes('bc')])).to.equalBytes(bytes('bc'))
  })

  it('needs not tell of a value to whoever has the same, what says the same, or what has all of it', () => {
    const namespaces = new Namespaces({
      validators: {},
      selectors: {},
      rules: { all: { merge: union }, twice: { same: (a, b) => a[0] === b[0] } },
      timeout: 5_000
    })
    const covers = (key: string, held: string, value: string): boolean => namespaces.covers(bytes(key), bytes(held), bytes(value))

    expect(covers('/any/x', 'a', 'a')).to.equal(true)
    expect(covers('/any/x', 'a', 'b')).to.equal(false)
    expect(covers('/twice/x', 'a1', 'a2')).to.equal(true)
    expect(covers('/twice/x', 'a1', 'b1')).to.equal(false)
    expect(covers('/all/x', 'abc', 'ac')).to.equal(true)
    expect(covers('/all/x', 'ba', 'ab')).to.equal(true)
    expect(covers('/all/x', 'ab', 'ac')).to.equal(false)
  })

  it('has no rules for a namespace whose validator an application has put in the place of a built-in one', () => {
    const ours = (): void => {}
    const validators = { sig: ours }
    const namespaces = new Namespaces({ validators, selectors: {}, builtIn: { sig: ours }, rules: { sig: { answersHeld: true } }, timeout: 5_000 })

    expect(namespaces.rulesOf(bytes('/sig/x'))).to.deep.equal({ answersHeld: true })
    validators.sig = () => {}
    expect(namespaces.rulesOf(bytes('/sig/x'))).to.deep.equal({})
  })
})

/** All letters of all values, each once. */
function union (values: Uint8Array[]): Uint8Array {
  return Uint8Array.from(new Set(values.flatMap(value => [...value]))).toSorted()
}
