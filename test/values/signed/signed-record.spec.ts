import { RecordEnvelope } from '@libp2p/peer-record'
import { expect } from 'aegir/chai'
import { base58btc } from 'multiformats/bases/base58'
import { fromString as uint8ArrayFromString } from 'uint8arrays/from-string'
import { MAX_SIGNED_SIZE } from '../../../src/values/signed/limits.ts'
import { isOwner } from '../../../src/values/signed/owner.ts'
import { encodePayload } from '../../../src/values/signed/payload.ts'
import { parseSignedKey } from '../../../src/values/signed/signed-key.ts'
import { openSigned, readSigned, SIGNED_PAYLOAD_TYPE, signRecord } from '../../../src/values/signed/signed-record.ts'
import { bytes } from '../../helpers/content.ts'
import { GO_SIGNED_RECORDS } from '../../helpers/go-signed-records.ts'
import { field, HOUR, KEY_TYPES, keyFor, NOW, numberField, ownerOf, privateKeyOf, recordOf, sealed, signedBy } from '../../helpers/signed-records.ts'

interface Parts { publicKey: Uint8Array, type: Uint8Array, payload: Uint8Array, signature: Uint8Array }

/** The fields of an envelope of a key that has less than 128 bytes, as an Ed25519 key. */
function partsOf (value: Uint8Array): Parts {
  const { payload, signature } = RecordEnvelope.createFromProtobuf(value)

  return { publicKey: value.slice(2, 2 + value[1]), type: SIGNED_PAYLOAD_TYPE, payload, signature: signature.subarray() }
}

function joined (...fields: Uint8Array[]): Uint8Array {
  return Uint8Array.from(fields.flatMap(bytes => [...bytes]))
}

describe('signed records', () => {
  for (const type of KEY_TYPES) {
    it(`of an owner with an ${type} key are opened as they were signed`, async () => {
      const owner = await privateKeyOf(type)
      const record = recordOf(owner)
      const value = await signRecord(record, owner)

      expect(await openSigned(record.key, value, NOW)).to.deep.equal(record)
      expect(readSigned(value).record).to.deep.equal(record)
    })

    it(`of an owner with an ${type} key are opened for no other owner of such a key`, async () => {
      const [owner, other] = [await privateKeyOf(type), await privateKeyOf(type)]
      const forged = await sealed(other, encodePayload(recordOf(owner)))

      await expect(openSigned(keyFor(owner), forged, NOW)).to.eventually.be.rejectedWith('somebody else').with.property('name', 'InvalidRecordError')
    })

    it(`of an owner with an ${type} key are not opened with a bit of their signature changed`, async () => {
      const owner = await privateKeyOf(type)
      const value = await signedBy(owner)
      value[value.byteLength - 9] ^= 4

      await expect(openSigned(keyFor(owner), value, NOW)).to.eventually.be.rejectedWith('signature is not that').with.property('name', 'InvalidRecordError')
    })
  }

  it('are the envelope of RFC 0002, as it stands in the specification', async () => {
    const owner = await ownerOf(1)
    const value = await signedBy(owner)
    const { publicKey, payload, signature } = partsOf(value)

    expect(value).to.equalBytes(joined(field(1, publicKey), field(2, bytes('/libp2p-dht-sig-record')), field(3, payload), field(5, signature)))
    expect(payload).to.equalBytes(encodePayload(recordOf(owner)))
    expect(await owner.publicKey.verify(joined(
      Uint8Array.of(21), bytes('libp2p-dht-sig-record'), Uint8Array.of(22), bytes('/libp2p-dht-sig-record'), Uint8Array.of(payload.byteLength), payload
    ), signature)).to.equal(true)
  })

  describe('made by go-libp2p', () => {
    for (const [type, { id, value: hex }] of Object.entries(GO_SIGNED_RECORDS)) {
      const value = uint8ArrayFromString(hex, 'base16')

      it(`have the same form, and the owner has the same peer id, for an ${type} key`, () => {
        const { record, envelope } = readSigned(value)
        const { multihash, name } = parseSignedKey(record.key)

        expect(record).to.deep.include({ seq: 7n, expires: NOW, ttl: 60, value: bytes('hello'), rule: 'SIGNATURE' })
        expect(name).to.equal('name')
        expect(base58btc.encode(multihash)).to.equal(`z${id}`)
        expect(isOwner(envelope.publicKey, multihash)).to.equal(true)
      })

      it(`are opened when they are signed with an ${type} key`, async () => {
        expect((await openSigned(readSigned(value).record.key, value, NOW - HOUR)).value).to.equalBytes(bytes('hello'))
      })
    }
  })

  describe('that are not as they should be', () => {
    // the owner's key, payload and signature are all there, so each of them would verify
    const otherForms: Array<[string, (parts: Parts) => Uint8Array]> = [
      ['have a field that is unknown', ({ publicKey, type, payload, signature }) => joined(field(1, publicKey), field(2, type), field(3, payload), field(5, signature), numberField(6, 1))],
      ['have a field of the past', ({ publicKey, type, payload, signature }) => joined(field(1, publicKey), field(2, type), field(3, payload), field(4, signature), field(5, signature))],
      ['have a field twice', ({ publicKey, type, payload, signature }) => joined(field(1, publicKey), field(2, type), field(3, payload), field(3, payload), field(5, signature))],
      ['have a field before its time', ({ publicKey, type, payload, signature }) => joined(field(2, type), field(1, publicKey), field(3, payload), field(5, signature))],
      ['have a public key with more in it', ({ publicKey, type, payload, signature }) => joined(field(1, joined(publicKey, numberField(3, 1))), field(2, type), field(3, payload), field(5, signature))],
      ['have a length that is longer than it must be', ({ publicKey, type, payload, signature }) => joined(Uint8Array.of(0x0a, publicKey.byteLength | 0x80, 0), publicKey, field(2, type), field(3, payload), field(5, signature))]
    ]

    it('verify, were it not for their form', async () => {
      const parts = partsOf(await signedBy(await ownerOf(1)))

      for (const [what, write] of otherForms) {
        await RecordEnvelope.openAndCertify(write(parts), 'libp2p-dht-sig-record').catch(error => { throw new Error(what, { cause: error }) })
      }
    })

    for (const [what, write] of otherForms) {
      it(`are refused when they ${what}`, async () => {
        const owner = await ownerOf(1)
        const value = write(partsOf(await signedBy(owner)))

        await expect(openSigned(keyFor(owner), value, NOW)).to.eventually.be.rejectedWith('not written as one is').with.property('name', 'InvalidRecordError')
      })
    }

    it('are refused when a part is missing', async () => {
      const owner = await ownerOf(1)
      const key = keyFor(owner)
      const { publicKey, type, payload, signature } = partsOf(await signedBy(owner))
      const fields = [field(1, publicKey), field(2, type), field(3, payload), field(5, signature)]

      for (let i = 0; i < fields.length; i++) {
        await expect(openSigned(key, joined(...fields.filter((_, j) => j !== i)), NOW)).to.eventually.be.rejected(`field ${i}`).with.property('name', 'InvalidRecordError')
      }

      await expect(openSigned(key, new Uint8Array(), NOW)).to.eventually.be.rejected.with.property('name', 'InvalidRecordError')
    })

    it('are refused when the owner has signed a payload in another form', async () => {
      const owner = await ownerOf(1)
      const payload = joined(encodePayload(recordOf(owner)), numberField(7, 1))

      await expect(openSigned(keyFor(owner), await sealed(owner, payload), NOW)).to.eventually.be.rejectedWith('What was signed is no record').with.property('name', 'InvalidRecordError')
    })

    it('are refused when they were signed for another purpose', async () => {
      const owner = await ownerOf(1)
      const payload = encodePayload(recordOf(owner))
      const peerRecord = { domain: 'libp2p-peer-record', codec: Uint8Array.of(3, 1) }

      await expect(openSigned(keyFor(owner), await sealed(owner, payload, { domain: peerRecord.domain }), NOW)).to.eventually.be.rejectedWith('signature is not that')
      await expect(openSigned(keyFor(owner), await sealed(owner, payload, { codec: peerRecord.codec }), NOW)).to.eventually.be.rejectedWith('something else than a signed record')
    })

    it('are refused under a key that is none', async () => {
      const value = await signedBy(await ownerOf(1))

      await expect(openSigned(bytes('/sig/x'), value, NOW)).to.eventually.be.rejected.with.property('name', 'InvalidParametersError')
    })

    it('are not signed for somebody else\'s key', async () => {
      await expect(signRecord(recordOf(await ownerOf(1)), await ownerOf(2))).to.eventually.be.rejectedWith('not that of the peer').with.property('name', 'InvalidParametersError')
    })

    it('are not signed when nobody would read one as long, and not read', async () => {
      const owner = await ownerOf(1)
      const spare = MAX_SIGNED_SIZE - (await signedBy(owner, { value: new Uint8Array(5_000) })).byteLength
      const longest = await signedBy(owner, { value: new Uint8Array(5_000 + spare) })

      expect(longest.byteLength).to.equal(MAX_SIGNED_SIZE)
      expect(readSigned(longest).record.value.byteLength).to.equal(5_000 + spare)
      await expect(signedBy(owner, { value: new Uint8Array(5_001 + spare) })).to.eventually.be.rejectedWith('over the limit').with.property('name', 'InvalidParametersError')
      expect(() => readSigned(joined(longest, Uint8Array.of(0)))).to.throw('over the limit').with.property('name', 'InvalidRecordError')
    })
  })

  it('end an opening that is aborted with the reason, and are not blamed', async () => {
    const owner = await privateKeyOf('ECDSA')

    await expect(openSigned(keyFor(owner), await signedBy(owner), NOW, { signal: AbortSignal.abort() })).to.eventually.be.rejected.with.property('name', 'AbortError')
  })
})
