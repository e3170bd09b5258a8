import { expect } from 'aegir/chai'
import { ownerMultihash } from '../../../src/values/signed/owner.ts'
import { parseSignedKey, signedKey } from '../../../src/values/signed/signed-key.ts'
import { bytes } from '../../helpers/content.ts'
import { ownerOf, ownerWithByte, privateKeyOf } from '../../helpers/signed-records.ts'

const SHA256_ID = Uint8Array.from([0x12, 32, ...new Uint8Array(32).fill(9)])

describe('keys of signed records', () => {
  it('are read as they were made, for inlined and for hashed peer ids', async () => {
    for (const multihash of [ownerMultihash((await ownerOf(1)).publicKey), SHA256_ID]) {
      for (const name of ['a', 'a/b', '/', '//a/', 'é😀', '\ufeffa', '\0', 'x'.repeat(127)]) {
        const parsed = parseSignedKey(signedKey(multihash, name))

        expect(parsed.multihash).to.equalBytes(multihash)
        expect(parsed.name).to.equal(name)
      }
    }
  })

  it('are written as /sig/, the multihash, a slash and the name', () => {
    expect(signedKey(SHA256_ID, 'é')).to.equalBytes(Uint8Array.from([...bytes('/sig/'), ...SHA256_ID, 0x2f, 0xc3, 0xa9]))
  })

  it('may have slashes in the peer id, wherever they are', async () => {
    const inId = ownerMultihash((await ownerWithByte(0x2f)).publicKey)
    const allSlashes = Uint8Array.from([0x12, 32, ...new Uint8Array(32).fill(0x2f)])

    for (const multihash of [inId, allSlashes]) {
      const parsed = parseSignedKey(signedKey(multihash, '/'))

      expect(parsed.multihash).to.equalBytes(multihash)
      expect(parsed.name).to.equal('/')
    }
  })

  it('have the peer id of the specification, also for ECDSA keys, which js-libp2p inlines', async () => {
    for (const type of ['Ed25519', 'secp256k1', 'RSA'] as const) {
      const { publicKey } = await privateKeyOf(type)
      expect(ownerMultihash(publicKey)).to.equalBytes(publicKey.toMultihash().bytes)
    }

    const { publicKey } = await privateKeyOf('ECDSA')
    expect([...ownerMultihash(publicKey).subarray(0, 2)]).to.deep.equal([0x12, 32])
    expect(parseSignedKey(signedKey(ownerMultihash(publicKey), 'a')).name).to.equal('a')
    expect(() => signedKey(publicKey.toMultihash().bytes, 'a')).to.throw('the multihash of no peer id').with.property('name', 'InvalidParametersError')
  })

  it('are not made of names that are empty, too long, or no text', () => {
    for (const name of ['', 'x'.repeat(128), 'é'.repeat(64), '\ud800', 'a\udc00b']) {
      expect(() => signedKey(SHA256_ID, name), name).to.throw('/sig/<multihash').with.property('name', 'InvalidParametersError')
    }
  })

  it('are not made for what is no peer', () => {
    for (const multihash of [[], [0x12], [0x12, 32], [...SHA256_ID, 1], [...SHA256_ID.subarray(1)], [0x13, 32, ...new Uint8Array(32)], [0x00, 0], [0x12, 36, ...new Uint8Array(30)]]) {
      expect(() => signedKey(Uint8Array.from(multihash), 'a-name-as-long-as-it-takes'), multihash.join()).to.throw('the multihash of no peer').with.property('name', 'InvalidParametersError')
    }
  })

  const wrong: Array<[string, Uint8Array]> = [
    ['is empty', new Uint8Array()],
    ['is its namespace only', bytes('/sig')],
    ['has no peer id', bytes('/sig/')],
    ['is of another namespace', Uint8Array.from([...bytes('/sih/'), ...SHA256_ID, ...bytes('/a')])],
    ['has a text for a peer id', bytes('/sig/QmVA6uURZMNBU7jvTWtQdwGABDBxvZY8Rvf4k2UZFYBeYA/a')],
    ['has a hash of another kind', Uint8Array.from([...bytes('/sig/'), 0x13, 32, ...SHA256_ID.subarray(2), ...bytes('/a')])],
    ['ends within the peer id', Uint8Array.from([...bytes('/sig/'), ...SHA256_ID.subarray(0, 20)])],
    ['ends after the peer id', Uint8Array.from([...bytes('/sig/'), ...SHA256_ID])],
    ['has an empty name', Uint8Array.from([...bytes('/sig/'), ...SHA256_ID, 0x2f])],
    ['has no slash before the name', Uint8Array.from([...bytes('/sig/'), ...SHA256_ID, ...bytes('a/a')])],
    ['has a name of 128 bytes', Uint8Array.from([...bytes('/sig/'), ...SHA256_ID, 0x2f, ...bytes('x'.repeat(128))])],
    ['has half a letter in its name', Uint8Array.from([...bytes('/sig/'), ...SHA256_ID, 0x2f, 0xc3])],
    ['has a name in Latin-1', Uint8Array.from([...bytes('/sig/'), ...SHA256_ID, 0x2f, 0xe9, 0x61])],
    ['has a letter that is longer than it must be', Uint8Array.from([...bytes('/sig/'), ...SHA256_ID, 0x2f, 0xc0, 0xaf])]
  ]

  for (const [what, key] of wrong) {
    it(`are refused when one ${what}`, () => {
      expect(() => parseSignedKey(key)).to.throw('/sig/<multihash').with.property('name', 'InvalidParametersError')
    })
  }
})
