import { expect } from 'aegir/chai'
import { base58btc } from 'multiformats/bases/base58'
import * as varint from 'uint8-varint'
import { concat as uint8ArrayConcat } from 'uint8arrays/concat'
import { decodeStored, encodeStored, toAnnouncement, toRecord } from '../../../src/providers/store/announcement.ts'
import { decodeBase58 } from '../../../src/providers/store/base58.ts'
import { ProviderAddresses } from '../../../src/wire/dht.ts'
import { MAX_ADDRESSES, MAX_PEER } from '../../../src/wire/limits.ts'
import { joinPeer } from '../../../src/wire/peer.ts'
import { contact } from '../../helpers/contacts.ts'
import { bytes } from '../../helpers/content.ts'
import { pick, randomBytes, randomNumbers, SEED } from '../../helpers/random.ts'
import type { Announcement, ProviderRecord } from '../../../src/providers/store/announcement.ts'

const NOW = 1_700_000_000_000

describe('an announcement', () => {
  /** The key under which the provider's announcement is stored, and where in it the provider begins. */
  function keyOf ({ contact: { multihash } }: ProviderRecord): [Uint8Array, number] {
    return [bytes(`/prefix/content/${base58btc.baseEncode(multihash)}`), '/prefix/content/'.length]
  }

  function stored (record: ProviderRecord): Announcement | undefined {
    return decodeStored(...keyOf(record), encodeStored(record))
  }

  it('is the same when it is stored and read as when it comes in', () => {
    const random = randomNumbers(SEED)

    for (let i = 0; i < 300; i++) {
      const addrs = Array.from({ length: pick(random, MAX_ADDRESSES + 1) }, () => randomBytes(random, pick(random, 200)))
      const record = { contact: { ...contact(i), addrs }, announcedAt: NOW + i }
      const announcement = stored(record)

      expect(announcement).to.deep.equal(toAnnouncement(record))
      expect(toRecord(announcement as Announcement)).to.deep.equal(record)
    }
  })

  it('keeps the group of its sender, of whatever characters and however long', () => {
    for (const group of ['1.2', '2001:db8', 'example.com', 'münchen.example', 'x'.repeat(127), 'x'.repeat(128), 'x'.repeat(300)]) {
      for (const addrs of [[], [bytes('address')], [new Uint8Array(200)]]) {
        const record = { contact: { ...contact(1), addrs }, announcedAt: NOW, group }

        expect(stored(record)).to.deep.equal(toAnnouncement(record))
        expect(toRecord(toAnnouncement(record)).contact.addrs).to.deep.equal(addrs)
      }
    }

    expect(stored({ contact: contact(1), announcedAt: NOW })?.group).to.equal('')
  })

  it('has as many addresses as a peer in a reply may', () => {
    const addrs = Array.from({ length: MAX_ADDRESSES }, () => new Uint8Array(500))
    const { id, addresses } = stored({ contact: { ...contact(1), addrs }, announcedAt: NOW }) as Announcement

    expect(joinPeer(id, addresses).byteLength).to.be.within(MAX_PEER / 2, MAX_PEER)
  })

  it('does not touch the bytes that the datastore hands over', () => {
    const record = { contact: { ...contact(1), addrs: [bytes('address')] }, announcedAt: NOW }
    const value = encodeStored(record)
    const before = value.slice()
    decodeStored(...keyOf(record), value)

    expect(value).to.equalBytes(before)
  })

  it('is read with fields that we do not know, and without any', () => {
    const record = { contact: { ...contact(1), addrs: [] }, announcedAt: NOW }
    const time = varint.encode(NOW)
    const more = uint8ArrayConcat([time, ProviderAddresses.encode({ addrs: [bytes('address')] as any }), Uint8Array.of(0x50, 0x01)])

    expect(decodeStored(...keyOf(record), time)).to.deep.equal(toAnnouncement(record))
    expect(decodeStored(...keyOf(record), more)).to.deep.equal(toAnnouncement({ ...record, contact: { ...record.contact, addrs: [bytes('address')] } }))
  })

  it('is nothing when it is damaged, whatever its bytes', () => {
    const random = randomNumbers(SEED)
    const record = { contact: { ...contact(1), addrs: [bytes('address')] }, announcedAt: NOW }
    const [key, start] = keyOf(record)

    expect(decodeStored(key, start, encodeStored(record).subarray(0, -1))).to.equal(undefined)
    expect(decodeStored(bytes('/prefix/content/nobody'), start, encodeStored(record))).to.equal(undefined)
    expect(decodeStored(bytes('/prefix/content/'), start, encodeStored(record))).to.equal(undefined)
    expect(decodeStored(key, start, new Uint8Array(0))).to.equal(undefined)

    for (let i = 0; i < 1_000; i++) {
      expect(() => decodeStored(randomBytes(random, pick(random, 60)), 0, randomBytes(random, pick(random, 60)))).to.not.throw()
    }
  })
})

describe('base58', () => {
  it('is read as multiformats reads it', () => {
    const random = randomNumbers(SEED)

    for (let i = 0; i < 2_000; i++) {
      const value = randomBytes(random, pick(random, 48))
      value.fill(0, 0, pick(random, 4))

      expect(decodeBase58(bytes(base58btc.baseEncode(value)))).to.equalBytes(value)
      expect(decodeBase58(bytes(`some/${base58btc.baseEncode(value)}`), 5)).to.equalBytes(value)
    }
  })

  it('is nothing with a character that it does not have', () => {
    for (const text of ['0', 'O', 'I', 'l', '11/1', 'é', ' ', 'Qm_']) {
      expect(decodeBase58(bytes(text)), text).to.equal(undefined)
    }
  })
})
