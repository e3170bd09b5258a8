import { generateKeyPair } from '@libp2p/crypto/keys'
import { RecordEnvelope } from '@libp2p/peer-record'
import { expect } from 'aegir/chai'
import QuickLRU from 'quick-lru'
import { longestEntry, MAX_ENTRY, MAX_PUBLIC_KEY } from '../../../src/values/overlay/entry-size.ts'
import { compareEntries, MAX_LIFE, readEntry, signEntry, verifyEntry } from '../../../src/values/overlay/member-entry.ts'
import { OverlayEntry } from '../../../src/values/overlay/overlay.ts'
import { bytes } from '../../helpers/content.ts'
import { ed25519Key, entryInit, entryOf, HOUR, NOW, OVERLAY, rsaKey, secp256k1Key } from '../../helpers/overlay-entries.ts'
import type { MemberEntry } from '../../../src/values/overlay/member-entry.ts'
import type { PrivateKey } from '@libp2p/interface'

interface Forgery {
  domain?: string
  codec?: Uint8Array
  payload?: Partial<OverlayEntry>
  /** in place of the payload */
  raw?: Uint8Array
}

describe('an entry of an overlay member', () => {
  let key: PrivateKey
  let other: PrivateKey
  let entry: MemberEntry

  before(async () => {
    key = await ed25519Key(1)
    other = await ed25519Key(2)
    entry = await entryOf(key)
  })

  function payloadOf (changes: Partial<OverlayEntry> = {}): Uint8Array {
    const { version, expires, left = false } = entryInit()

    return OverlayEntry.encode({ overlay: Uint8Array.from(OVERLAY), member: Uint8Array.from(entry.member), version, expires, left, ...changes })
  }

  /** What somebody signs who does not keep to the rules. */
  async function forge (signer: PrivateKey, { domain = 'libp2p-dht-overlay-member', codec = entry.envelope.payloadType, payload, raw }: Forgery): Promise<Uint8Array> {
    const marshal = (): Uint8Array => raw ?? payloadOf(payload)

    return (await RecordEnvelope.seal({ domain, codec, marshal, equals: () => false }, signer)).marshal()
  }

  async function verify (entry: MemberEntry, now = NOW): Promise<void> {
    return verifyEntry(entry, { overlay: OVERLAY, now })
  }

  it('is read as it was signed, by keys of each kind that peers have', async () => {
    for (const signer of [key, secp256k1Key(3), await rsaKey()]) {
      const init = { overlay: OVERLAY, version: (1n << 64n) - 1n, expires: NOW + MAX_LIFE, left: true }
      const signed = await signEntry(init, signer)
      const read = readEntry(signed)

      expect(read).to.include({ version: init.version, expires: init.expires, left: true })
      expect(read.overlay).to.equalBytes(OVERLAY)
      expect(read.member).to.equalBytes(signer.publicKey.toMultihash().bytes)
      expect(read.bytes).to.equalBytes(signed)
      await verify(read)
    }
  })

  it('is not signed with fields that are out of range, or with a key that is no peer id', async () => {
    for (const init of [{ version: -1n }, { version: 1n << 64n }, { expires: 1.5 }, { expires: -1 }, { expires: Infinity }, { overlay: new Uint8Array(65) }]) {
      await expect(signEntry(entryInit(init), key)).to.eventually.be.rejected.with.property('name', 'InvalidParametersError')
    }

    await expect(signEntry(entryInit(), await generateKeyPair('ECDSA'))).to.eventually.be.rejectedWith('an Ed25519 or secp256k1 key, or an RSA key')
      .with.property('name', 'InvalidParametersError')
  })

  it('is never longer than its member and overlay allow, and that never more than the longest', async () => {
    for (const signer of [key, secp256k1Key(3), await rsaKey()]) {
      for (const overlay of [Uint8Array.of(1), new Uint8Array(64)]) {
        const least = await entryOf(signer, { overlay, version: 0n, expires: 0 })
        const most = await entryOf(signer, { overlay, version: (1n << 64n) - 1n, expires: Number.MAX_SAFE_INTEGER, left: true })

        expect(most.longest).to.equal(least.longest).and.to.be.at.least(most.bytes.byteLength).and.at.most(MAX_ENTRY)
      }
    }

    // of an Ed25519 entry all but the signature, which has 64 bytes for 72, is as long as it may be
    const { bytes: { byteLength }, longest } = await entryOf(key, { version: (1n << 64n) - 1n, expires: Number.MAX_SAFE_INTEGER, left: true })
    expect(byteLength).to.equal(longest - 8)
    expect(longestEntry({ overlay: 64, member: 44, publicKey: 42 })).to.be.below(MAX_ENTRY)
    expect(longestEntry({ overlay: 64, member: 34, publicKey: MAX_PUBLIC_KEY })).to.equal(MAX_ENTRY)
  })

  it('is refused under another overlay', async () => {
    await expect(verifyEntry(entry, { overlay: bytes('go players'), now: NOW })).to.eventually.be.rejectedWith('for another overlay')
      .with.property('name', 'InvalidRecordError')
  })

  it('is refused when another than the member signed it', async () => {
    const forged = await forge(other, {})

    expect(() => readEntry(forged)).to.throw('signed by the member itself').with.property('name', 'InvalidRecordError')
  })

  it('is refused when another signed it and put the member\'s key beside it', async () => {
    const { signature } = RecordEnvelope.createFromProtobuf(await forge(other, {}))
    const { publicKey, payload, payloadType } = entry.envelope
    const forged = new RecordEnvelope({ publicKey, payload, payloadType, signature }).marshal()

    await expect(verify(readEntry(forged))).to.eventually.be.rejectedWith('not signed by its member').with.property('name', 'InvalidRecordError')
  })

  it('is refused when it was signed for another purpose, though each byte of it is right', async () => {
    await expect(verify(readEntry(await forge(key, { domain: 'libp2p-peer-record' })))).to.eventually.be.rejectedWith('not signed by its member')
  })

  it('is refused from the moment on at which it expires', async () => {
    await verify(entry, entry.expires - 1)
    await expect(verify(entry, entry.expires)).to.eventually.be.rejectedWith('expired 0 ms ago').with.property('name', 'InvalidRecordError')
  })

  it('is refused when it expires more than 48 hours ahead', async () => {
    await verify(entry, entry.expires - 48 * HOUR)
    await expect(verify(entry, entry.expires - 48 * HOUR - 1)).to.eventually.be.rejectedWith('at most 172800000 ms ahead')
      .with.property('name', 'InvalidRecordError')
  })

  it('is refused when any of its bytes was changed', async () => {
    for (let i = 0; i < entry.bytes.byteLength; i++) {
      const tampered = Uint8Array.from(entry.bytes)
      tampered[i] ^= 1

      await expect((async () => verify(readEntry(tampered)))(), `byte ${i}`).to.eventually.be.rejected.with.property('name', 'InvalidRecordError')
    }
  })

  it('is refused in any other encoding, also one that the member signed', async () => {
    const unknownField = [0x78, 1]
    const overlongVersion = Uint8Array.from([...payloadOf({ version: 0n }), 0x18, 0])

    expect(() => readEntry(Uint8Array.from([...entry.bytes, ...unknownField]))).to.throw('fields in order and no others')

    for (const raw of [Uint8Array.from([...payloadOf(), ...unknownField]), overlongVersion]) {
      const forged = await forge(key, { raw })
      expect(() => readEntry(forged)).to.throw('fields in order and no others').with.property('name', 'InvalidRecordError')
    }
  })

  it('is refused when it is of another type, or its fields are out of range, or it is too long', async () => {
    const forgeries = [
      { codec: Uint8Array.of(3, 1) }, { payload: { overlay: new Uint8Array(0) } }, { payload: { overlay: new Uint8Array(65) } },
      { payload: { member: new Uint8Array(3) } }, { raw: new Uint8Array(0) }, { raw: new Uint8Array(2000) }
    ]

    for (const forgery of forgeries) {
      const forged = await forge(key, forgery)
      expect(() => readEntry(forged)).to.throw().with.property('name', 'InvalidRecordError')
    }

    const { publicKey, payload, payloadType } = entry.envelope
    const padded = new RecordEnvelope({ publicKey, payload, payloadType, signature: new Uint8Array(100) }).marshal()
    expect(() => readEntry(padded)).to.throw('too long').with.property('name', 'InvalidRecordError')
  })

  it('has its signature verified once, and its overlay and time always', async () => {
    const verified = new QuickLRU<string, true>({ maxSize: 10 })
    let verifications = 0
    const fresh = (): MemberEntry => {
      const read = readEntry(entry.bytes)
      const validate = read.envelope.validate.bind(read.envelope)
      read.envelope.validate = async (domain, options) => { verifications++; return validate(domain, options) }

      return read
    }

    await verifyEntry(fresh(), { overlay: OVERLAY, now: NOW, verified })
    await verifyEntry(fresh(), { overlay: OVERLAY, now: NOW, verified })
    expect(verifications).to.equal(1)

    await expect(verifyEntry(fresh(), { overlay: OVERLAY, now: entry.expires, verified })).to.eventually.be.rejectedWith('expired')
    await expect(verifyEntry(fresh(), { overlay: bytes('other'), now: NOW, verified })).to.eventually.be.rejectedWith('another overlay')
  })

  it('that is not signed is not remembered as if it were', async () => {
    const verified = new QuickLRU<string, true>({ maxSize: 10 })
    const unsigned = readEntry(await forge(key, { domain: 'other' }))

    for (let i = 0; i < 2; i++) {
      await expect(verifyEntry(unsigned, { overlay: OVERLAY, now: NOW, verified })).to.eventually.be.rejectedWith('not signed')
    }
  })

  it('is newer by its version, then by when it expires, then by its bytes', async () => {
    const sorted = [
      await entryOf(key, { version: 9n, expires: NOW + 9 }),
      await entryOf(key, { version: 10n, expires: NOW + 1 }),
      await entryOf(key, { version: 10n, expires: NOW + 2 }),
      await entryOf(key, { version: 1n << 60n, expires: NOW + 1 })
    ]
    const [left, stayed] = [await entryOf(key, { left: true }), await entryOf(key)]

    expect([...sorted].reverse().sort(compareEntries)).to.deep.equal(sorted)
    expect(compareEntries(left, stayed)).to.equal(-compareEntries(stayed, left)).and.not.to.equal(0)
    expect(compareEntries(left, left)).to.equal(0)
  })
})
