import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { AddressBook } from '../../src/peers/address-book.ts'
import { LiveTable } from '../../src/peers/live-table.ts'
import { passthroughMapper } from '../../src/wire/address-mappers.ts'
import { toPeerId } from '../../src/wire/peer.ts'
import { contactsAround, contactsIn } from '../helpers/buckets.ts'
import { contact, hashedId, peerIdOf } from '../helpers/contacts.ts'
import { falseTime, MINUTE, SECOND, START } from '../helpers/false-time.ts'
import { ids } from '../helpers/peer-keys.ts'
import { quiet } from '../helpers/turns.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { WirePeer } from '../../src/wire/peer.ts'
import type { Clock } from '../helpers/false-time.ts'

const SELF = contact(0)

interface Told {
  what: string
  id: string
}

describe('the table of a running node', () => {
  let clock: Clock
  let told: Told[]
  let book: AddressBook
  let table: LiveTable

  beforeEach(() => {
    clock = falseTime()
    told = []
    create(2)
  })

  afterEach(() => {
    clock.restore()
  })

  function create (k: number): void {
    const tell = (what: string) => ({ id }: WirePeer): void => { told.push({ what, id }) }
    book = new AddressBook(passthroughMapper, 10, id => table.table.get(id)?.peer)
    table = new LiveTable({ self: SELF, k, perGroup: { perBucket: 2, perTable: 3 } }, book, {
      onAdded: tell('added'),
      onRemoved: tell('removed'),
      onPromoted: tell('promoted'),
      onDemoted: tell('demoted'),
      onStanding: tell('standing'),
      onCrowded: tell('crowded')
    })
  }

  /** What was told since the last time, with who each peer is among `peers`. */
  function tellings (peers: Contact[]): string[] {
    return told.splice(0).map(({ what, id }) => `${what} ${peers.findIndex(peer => peer.id === id)}`)
  }

  /** So often, each time after the back-off of the last one. */
  function fail (peer: Contact, times: number): void {
    for (let i = 0; i < times; i++) {
      table.onFailure(peer)
      clock.tick(MINUTE)
    }
  }

  it('tells of who is added, once', () => {
    const peers = contactsIn(SELF, 0, 2)
    peers.forEach(peer => { table.onAlive(peer) })
    peers.forEach(peer => { table.onAlive(peer) })

    expect(tellings(peers)).to.deep.equal(['added 0', 'added 1'])
    expect(table.size).to.equal(2)
  })

  it('says nothing of who waits', () => {
    const peers = contactsIn(SELF, 0, 3)
    peers.forEach(peer => { table.onAlive(peer) })

    expect(tellings(peers)).to.deep.equal(['added 0', 'added 1'])
  })

  it('tells of a peer\'s standing when it fails for the first time, and when it answers again', () => {
    const peers = contactsIn(SELF, 0, 1)
    const [peer] = peers
    table.onAlive(peer)
    tellings(peers)

    fail(peer, 2)
    expect(tellings(peers)).to.deep.equal(['standing 0'])
    table.onAlive(peer)
    table.onAlive(peer)
    expect(tellings(peers)).to.deep.equal(['standing 0'])
  })

  it('tells of a peer that is demoted after its third failure, and of the candidate that takes its place', () => {
    const peers = contactsIn(SELF, 0, 3)
    peers.forEach(peer => { table.onAlive(peer) })
    tellings(peers)
    fail(peers[0], 3)

    const all = tellings(peers)
    expect(all[0]).to.equal('standing 0')
    expect(all.slice(1)).to.have.members(['removed 0', 'added 2', 'promoted 2', 'demoted 0'])
    expect(all.indexOf('removed 0')).to.be.below(all.indexOf('added 2'))
    expect(ids([...table.table.entries()].map(({ peer }) => peer))).to.deep.equal(ids([peers[1], peers[2]]))
  })

  it('demotes nobody for a burst of failures', () => {
    const [peer] = contactsIn(SELF, 0, 1)
    table.onAlive(peer)

    for (let i = 0; i < 100; i++) {
      table.onFailure(peer)
      clock.tick(40)
    }

    expect(table.table.get(peer.id)).to.include({ failures: 1, lastFailure: START })
  })

  it('tells that a peer which serves no more is removed, not that it is demoted', () => {
    const peers = contactsIn(SELF, 0, 3)
    peers.forEach(peer => { table.onAlive(peer) })
    tellings(peers)
    table.remove(peers[0].id)

    expect(tellings(peers)).to.have.members(['removed 0', 'added 2', 'promoted 2'])
    table.remove(peers[0].id)
    expect(tellings(peers)).to.deep.equal([])
  })

  it('lets no candidate wait that serves no more', () => {
    const [live, candidate] = [...contactsIn(SELF, 0, 3)].slice(1)
    table.onAlive(contactsIn(SELF, 0, 1)[0])
    table.onAlive(live)
    table.onAlive(candidate)
    table.remove(candidate.id)
    table.remove(live.id)

    expect(table.table.has(candidate.id)).to.equal(false)
    expect([...table.table.buckets()].flatMap(({ candidates }) => ids(candidates))).to.deep.equal([])
  })

  it('tells of a peer for which there are enough of its group', () => {
    create(4)
    const others = contactsAround(SELF, 4, 2)
    others.forEach(peer => { table.onAlive(peer) })
    const group = contactsIn(SELF, 1, 5).slice(2)
    tellings([])
    group.forEach(peer => { table.onAlive(peer, { group: '1.2' }) })

    expect(tellings(group)).to.deep.equal(['added 0', 'added 1', 'crowded 2'])
  })

  it('demotes those of a crowd as soon as there are enough others, oldest last', () => {
    create(4)
    const crowd = contactsIn(SELF, 0, 4)
    crowd.forEach(peer => { table.onAlive(peer, { group: '1.2' }) })
    const others = [...contactsIn(SELF, 1, 3), ...contactsIn(SELF, 2, 2)]
    others.forEach(peer => { table.onAlive(peer) })
    expect(table.size).to.equal(9)
    tellings([])

    // with this one there are eight without those who are too many
    const [last] = contactsIn(SELF, 3, 1)
    table.onAlive(last)
    const all = tellings([...crowd, last])

    expect(all[0]).to.equal('added 4')
    expect(all.slice(1)).to.have.members(['removed 2', 'demoted 2', 'removed 3', 'demoted 3'])
    expect(table.size).to.equal(8)
  })

  it('knows a newcomer as connected, for it has just answered', () => {
    const [peer] = contactsIn(SELF, 0, 1)
    table.onAlive(peer, { roundTrip: 30, group: '1.2' })

    expect(table.table.get(peer.id)).to.deep.include({ connected: true, group: '1.2', rtt: { mean: 30, deviation: 15 }, firstSeen: START, lastSeen: START })
  })

  it('knows a promoted peer as connected once it answers, though nobody told of its connection while it waited', () => {
    const [live, other, candidate] = contactsIn(SELF, 0, 3)
    ;[live, other, candidate].forEach(peer => { table.onAlive(peer) })
    table.remove(live.id)
    table.onAlive(candidate)

    expect(table.table.get(candidate.id)).to.include({ connected: true, lastSeen: START })
  })

  it('follows connections, and what peers of the table ask', () => {
    const [peer, stranger] = contactsIn(SELF, 0, 2)
    table.onAlive(peer)
    table.onConnection(peer.id, false)
    table.onConnection(stranger.id, true)
    clock.tick(SECOND)
    table.onHeard(peer.id)
    table.onHeard(stranger.id)

    expect(table.table.get(peer.id)).to.include({ connected: false, lastSeen: START + SECOND })
    expect(table.size).to.equal(1)
  })

  it('takes no standing from those it does not know', () => {
    fail(contactsIn(SELF, 0, 1)[0], 5)
    table.remove(contactsIn(SELF, 0, 2)[1].id)

    expect(told).to.deep.equal([])
  })

  it('keeps the addresses of its peers, however many others are met, and those of who has left for a while', () => {
    const [peer] = contactsIn(SELF, 0, 1)
    const multiaddrs = [multiaddr('/ip4/1.2.3.4/tcp/1')]
    const meetOthers = (): void => {
      for (let i = 1_000; i < 1_100; i++) {
        book.set({ id: peerIdOf(hashedId(i)), multiaddrs })
      }
    }

    book.set({ id: toPeerId(peer), multiaddrs })
    table.onAlive(peer)
    meetOthers()
    expect(book.has(peer.id)).to.equal(true)
    table.remove(peer.id)
    expect(book.has(peer.id)).to.equal(true)
    meetOthers()
    expect(book.has(peer.id)).to.equal(false)
  })

  describe('waiting for the first peer', () => {
    /** Says whether it has come. */
    function wait (signal = new AbortController().signal): () => string {
      let state = 'waiting'
      table.firstPeer({ signal }).then(() => { state = 'there' }, error => { state = error.message })

      return () => state
    }

    it('takes no time when there is one', async () => {
      table.onAlive(contactsIn(SELF, 0, 1)[0])
      const state = wait()
      await quiet()
      expect(state()).to.equal('there')
    })

    it('ends when one is there', async () => {
      const states = [wait(), wait()]
      await quiet()
      expect(states.map(state => state())).to.deep.equal(['waiting', 'waiting'])
      table.onAlive(contactsIn(SELF, 0, 1)[0])
      await quiet()
      expect(states.map(state => state())).to.deep.equal(['there', 'there'])
    })

    it('ends when one is there, whoever else has failed meanwhile', async () => {
      const [dead, alive] = contactsIn(SELF, 0, 2)
      const state = wait()
      table.onFailure(dead)
      table.remove(dead.id)
      table.onAlive(alive)
      await quiet()
      expect(state()).to.equal('there')
    })

    it('begins anew when the table is empty again', async () => {
      const [first, second] = contactsIn(SELF, 0, 2)
      table.onAlive(first)
      table.remove(first.id)
      const state = wait()
      await quiet()
      expect(state()).to.equal('waiting')
      table.onAlive(second)
      await quiet()
      expect(state()).to.equal('there')
    })

    it('ends when it is given up, or does not begin', async () => {
      const controller = new AbortController()
      const state = wait(controller.signal)
      controller.abort(new Error('enough'))
      const late = wait(controller.signal)
      await quiet()
      expect([state(), late()]).to.deep.equal(['enough', 'enough'])
    })
  })
})
