import { expect } from 'aegir/chai'
import { AddressBook } from '../src/peers/address-book.ts'
import { LiveTable } from '../src/peers/live-table.ts'
import { TableView } from '../src/table-view.ts'
import { passthroughMapper } from '../src/wire/address-mappers.ts'
import { toPeerId } from '../src/wire/peer.ts'
import { contactsIn } from './helpers/buckets.ts'
import { contact, hashedId, peerIdOf } from './helpers/contacts.ts'
import { falseTime, SECOND, START } from './helpers/false-time.ts'
import type { Clock } from './helpers/false-time.ts'
import type { RoutingTableEvents } from '../src/api.ts'
import type { Contact } from '../src/query/contact.ts'
import type { PeerId } from '@libp2p/interface'

const SELF = contact(0)

function idsOf (peers: Contact[]): string[] {
  return peers.map(peer => toPeerId(peer).toString())
}

describe('the routing table as tools see it', () => {
  let clock: Clock
  let table: LiveTable
  let view: TableView

  beforeEach(() => {
    clock = falseTime()
    const book: AddressBook = new AddressBook(passthroughMapper, 10, id => table.table.get(id)?.peer)
    table = new LiveTable({ self: SELF, k: 2, perGroup: { perBucket: 2, perTable: 3 } }, book)
    view = new TableView(table)
  })

  afterEach(() => {
    clock.restore()
  })

  it('is empty at first', () => {
    expect(view.size).to.equal(0)
    expect(view.peers()).to.deep.equal([])
    expect(view.buckets()).to.deep.equal([])
    expect(view.has(peerIdOf(hashedId(1)))).to.equal(false)
  })

  it('has the peers that the table has', () => {
    const peers = [...contactsIn(SELF, 0, 2), ...contactsIn(SELF, 3, 1)]
    peers.forEach(peer => { table.onAlive(peer) })

    expect(view.size).to.equal(3)
    expect(view.peers().map(String)).to.deep.equal(idsOf(peers))
    expect(peers.every(peer => view.has(toPeerId(peer)))).to.equal(true)
    expect(view.has(toPeerId(contactsIn(SELF, 1, 1)[0]))).to.equal(false)

    table.remove(peers[0].id)
    expect(view.has(toPeerId(peers[0]))).to.equal(false)
  })

  it('shows each bucket with what is known of its peers, and who waits', () => {
    const [first, second, early, late] = contactsIn(SELF, 0, 4)
    const [near] = contactsIn(SELF, 4, 1)
    table.onAlive(first, { roundTrip: 40, group: '1.2' })
    table.onAlive(second)
    table.onAlive(early)
    table.onAlive(late)
    table.onAlive(near)
    clock.tick(SECOND)
    table.onFailure(second)
    table.onConnection(near.id, false)
    clock.tick(SECOND)
    table.onAlive(first, { roundTrip: 40 })

    const buckets = view.buckets()
    const known = { firstSeen: START, lastSeen: START, lastFailure: 0, failures: 0, connected: true, group: undefined, rtt: undefined }

    expect(buckets.map(({ commonPrefixLength }) => commonPrefixLength)).to.deep.equal([0, 4])
    expect(buckets[0].peers.map(({ id, ...rest }) => rest)).to.deep.equal([
      { ...known, lastSeen: START + 2 * SECOND, rtt: { mean: 40, deviation: 15 }, group: '1.2' },
      { ...known, lastFailure: START + SECOND, failures: 1 }
    ])
    expect(buckets[1].peers.map(({ id, ...rest }) => rest)).to.deep.equal([{ ...known, connected: false }])
    expect(buckets.flatMap(({ peers }) => peers.map(({ id }) => id.toString()))).to.deep.equal(idsOf([first, second, near]))
    expect(buckets.map(({ candidates }) => candidates.map(String))).to.deep.equal([idsOf([early, late]), []])
  })

  it('is a copy: what a tool does to it does nothing to the table', () => {
    const [peer] = contactsIn(SELF, 0, 1)
    table.onAlive(peer, { roundTrip: 10 })
    const [bucket] = view.buckets()
    Object.assign(bucket.peers[0], { failures: 99 })
    Object.assign(bucket.peers[0].rtt as object, { mean: 99 })
    bucket.peers.length = 0
    bucket.candidates.push(toPeerId(peer))

    expect(view.buckets()[0].peers[0]).to.deep.include({ failures: 0, rtt: { mean: 10, deviation: 5 } })
    expect(view.buckets()[0].candidates).to.deep.equal([])
  })

  it('tells whoever listens of each event, with the peer', () => {
    const types: Array<keyof RoutingTableEvents> = ['peer:add', 'peer:remove', 'peer:promote']
    const told: Array<[string, PeerId]> = []
    const listen = ({ type, detail }: CustomEvent<PeerId>): void => { told.push([type, detail]) }
    const [peer, other] = contactsIn(SELF, 0, 2)

    for (const type of types) {
      view.tell(type, other)
      view.addEventListener(type, listen)
      view.tell(type, peer)
      view.removeEventListener(type, listen)
      view.tell(type, other)
    }

    expect(told.map(([type, id]) => [type, id.toString()])).to.deep.equal(types.map(type => [type, ...idsOf([peer])]))
  })
})
