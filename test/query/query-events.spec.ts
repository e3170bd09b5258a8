import { expect } from 'aegir/chai'
import sinon from 'sinon'
import { EventTypes } from '../../src/query/events.ts'
import { QueryEvents } from '../../src/query/query-events.ts'
import { MessageType } from '../../src/wire/message.ts'
import { encodePeer } from '../../src/wire/peer.ts'
import { address, contactOf, hashedId } from '../helpers/contacts.ts'
import type { QueryEvent } from '../../src/query/events.ts'
import type { PeerInfoMapper } from '../../src/wire/peer.ts'

describe('the events of an operation', () => {
  const asked = contactOf(hashedId(1))
  const addrs = [address('/ip4/1.2.3.4/tcp/4001')]
  const named = contactOf(hashedId(2), addrs)

  function tell (): { events: QueryEvent[], mapper: sinon.SinonSpy, told: QueryEvents } {
    const events: QueryEvent[] = []
    const mapper = sinon.spy<PeerInfoMapper>(info => info)

    return { events, mapper, told: new QueryEvents(event => { events.push(event) }, mapper) }
  }

  it('parse the peers of a reply when somebody looks at them, and once', () => {
    const { events, mapper, told } = tell()
    const provider = encodePeer(hashedId(3), addrs)
    told.onReply(asked, MessageType.GET_PROVIDERS, { type: MessageType.GET_PROVIDERS, key: new Uint8Array(), closer: [], providers: [provider] }, [named])
    const [event] = events

    if (event.type !== EventTypes.PEER_RESPONSE) {
      throw new Error('not told of the reply')
    }

    expect(mapper.callCount).to.equal(0)
    expect(event.closer.map(({ multiaddrs }) => multiaddrs.join())).to.deep.equal(['/ip4/1.2.3.4/tcp/4001'])
    expect(event.closer).to.equal(event.closer)
    expect(event.providers).to.have.lengthOf(1)
    expect(mapper.callCount).to.equal(2)
    // whoever copies or prints the event has them
    expect({ ...event }).to.have.property('closer').with.lengthOf(1)
    expect(Object.keys(event)).to.include.members(['closer', 'providers'])
  })

  it('tell once that a peer was added, however often it is asked', () => {
    const { events, told } = tell()
    told.onAsk(asked, MessageType.GET_VALUE)
    told.onAsk(asked, MessageType.FIND_NODE, 0, true)

    expect(events.map(({ name }) => name)).to.deep.equal(['ADD_PEER', 'DIAL_PEER', 'SEND_QUERY', 'DIAL_PEER', 'SEND_QUERY'])
  })
})
