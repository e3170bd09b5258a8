import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { AddressBook } from '../../src/peers/address-book.ts'
import { toTablePeer } from '../../src/peers/table-peer.ts'
import { decodeContacts } from '../../src/query/contact.ts'
import { passthroughMapper, removePrivateAddressesMapper } from '../../src/wire/address-mappers.ts'
import { contact, hashedId, peerIdOf } from '../helpers/contacts.ts'
import type { TablePeer } from '../../src/peers/table-peer.ts'
import type { PeerInfoMapper } from '../../src/wire/peer.ts'

const PUBLIC = '/ip4/1.2.3.4/tcp/4001'
const PRIVATE = '/ip4/192.168.1.1/tcp/4001'

function known (i: number, ...addrs: string[]): Parameters<AddressBook['set']>[0] {
  return { id: peerIdOf(hashedId(i)), multiaddrs: addrs.map(addr => multiaddr(addr)) }
}

/** Beside a table that peers are put into and taken out of. */
function createBook (mapper: PeerInfoMapper, most: number): { book: AddressBook, pin(i: number): void, release(i: number): void } {
  const table = new Map<string, TablePeer>()
  const book = new AddressBook(mapper, most, id => table.get(id))

  return {
    book,
    pin: i => {
      const peer = toTablePeer(contact(i))
      table.set(peer.id, peer)
      book.pin(peer)
    },
    release: i => {
      const peer = table.get(contact(i).id)
      expect(table.delete(contact(i).id)).to.equal(true)
      book.release(peer as TablePeer)
    }
  }
}

describe('the address book', () => {
  it('has each peer encoded as it goes into replies', () => {
    const { book } = createBook(passthroughMapper, 10)
    book.set(known(1, PUBLIC, PRIVATE))

    const [decoded] = decodeContacts([book.encoded(contact(1).id) as Uint8Array], 1)
    expect(decoded.id).to.equal(contact(1).id)
    expect(decoded.addrs.map(addr => multiaddr(addr).toString())).to.deep.equal([PUBLIC, PRIVATE])
  })

  it('leaves out the addresses that may not be used, and peers that have no others', () => {
    const { book } = createBook(removePrivateAddressesMapper, 10)
    book.set(known(1, PUBLIC, PRIVATE))
    book.set(known(2, PRIVATE))

    expect(book.info(contact(1)).multiaddrs.map(String)).to.deep.equal([PUBLIC])
    expect(book.has(contact(2).id)).to.equal(false)
  })

  it('follows a peer that moves, and one that loses its addresses', () => {
    const { book, pin } = createBook(passthroughMapper, 10)
    book.set(known(1, PUBLIC))
    pin(1)
    book.set(known(1, PRIVATE))
    expect(book.info(contact(1)).multiaddrs.map(String)).to.deep.equal([PRIVATE])
    book.set(known(1))
    expect(book.has(contact(1).id)).to.equal(false)
  })

  it('forgets those met longest ago, but nobody of the table', () => {
    const { book, pin, release } = createBook(passthroughMapper, 4)
    book.set(known(1, PUBLIC))
    pin(1)

    for (let i = 2; i < 100; i++) {
      book.set(known(i, PUBLIC))
    }

    expect(book.has(contact(1).id)).to.equal(true)
    expect(book.has(contact(99).id)).to.equal(true)
    expect(book.has(contact(2).id)).to.equal(false)

    release(1)
    expect(book.has(contact(1).id)).to.equal(true)

    for (let i = 2; i < 100; i++) {
      book.set(known(i, PUBLIC))
    }

    expect(book.has(contact(1).id)).to.equal(false)
  })

  it('falls back to the addresses that were heard', () => {
    const { book } = createBook(passthroughMapper, 4)
    expect(book.info(contact(1, PUBLIC)).multiaddrs.map(String)).to.deep.equal([PUBLIC])
  })
})
