// A client and a server of two peers, with streams in memory between them.

import { defaultLogger } from '@libp2p/logger'
import { multiaddr } from '@multiformats/multiaddr'
import { contactFromPeerId } from '../../src/query/contact.ts'
import { passthroughMapper } from '../../src/wire/address-mappers.ts'
import { Client } from '../../src/wire/client.ts'
import { encodeRequest, MessageType } from '../../src/wire/message.ts'
import { Server } from '../../src/wire/server.ts'
import { hashedId, peerIdOf } from './contacts.ts'
import { createStreams } from './stream-ends.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { ClientEvents, ClientNetwork, ClientOptions, RequestOutcome } from '../../src/wire/client.ts'
import type { EncodedRequest, MessageName } from '../../src/wire/message.ts'
import type { RequestHandlers, ServerOptions } from '../../src/wire/server.ts'
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import type { StreamPairOptions } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'

const PROTOCOL = '/test/kad/1.0.0'
const CLIENT = peerIdOf(hashedId(1))
const SERVER = peerIdOf(hashedId(2))

export const SERVER_CONTACT: Contact = contactFromPeerId(SERVER)
export const CLIENT_CONTACT: Contact = contactFromPeerId(CLIENT)
export const CLIENT_ADDRESS: Multiaddr = multiaddr('/ip4/1.2.3.4/tcp/4001')
export const REQUEST_TIMEOUT = 1_000
export const IDLE_TIMEOUT = 60_000
/** The limits of a peer, as by default. */
export const PER_PEER = { streams: 4, inFlight: 16, waiting: 1_024 }
/** When a reply is late. */
export const LATE = 300

/** Answers every request with nothing in it, but ADD_PROVIDER. */
export function createHandlers (handlers: Partial<RequestHandlers> = {}): RequestHandlers {
  return {
    PUT_VALUE: () => ({}),
    GET_VALUE: () => ({}),
    ADD_PROVIDER: () => undefined,
    GET_PROVIDERS: () => ({}),
    FIND_NODE: () => ({}),
    PING: () => ({}),
    ...handlers
  }
}

export function createRequest (key = 'key', type = MessageType.FIND_NODE): EncodedRequest {
  return encodeRequest({ type, key: new TextEncoder().encode(key) })
}

export interface TestServer {
  server: Server
  served: MessageName[]
  refused: Array<{ type: string, error: Error }>
  /** opens a stream to it, and gives the near end and the far one */
  open (options?: StreamPairOptions): Promise<[Stream, Stream]>
  /** hands it a stream that the client opened */
  serve (far: Stream): void
}

function connectionTo (remotePeer: PeerId): Connection {
  return { remotePeer, remoteAddr: CLIENT_ADDRESS, status: 'open' } as unknown as Connection
}

/** A server that runs as long as `use` does. */
export async function withServer (handlers: Partial<RequestHandlers>, use: (test: TestServer) => Promise<void>, options: Partial<ServerOptions> = {}): Promise<void> {
  const served: MessageName[] = []
  const refused: TestServer['refused'] = []
  const server = new Server(createHandlers(handlers), { requestTimeout: REQUEST_TIMEOUT, idleTimeout: IDLE_TIMEOUT, ...options }, defaultLogger().forComponent('test:server'), {
    onServed: type => { served.push(type) },
    onRefused: (type, from, error) => { refused.push({ type, error }) }
  })

  const serve = (far: Stream): void => { server.onStream(far, connectionTo(CLIENT)) }

  server.start()

  try {
    await use({
      server,
      served,
      refused,
      serve,
      open: async options => {
        const streams = await createStreams(options)
        serve(streams[1])

        return streams
      }
    })
  } finally {
    server.stop(new Error('the test is over'))
  }
}

export interface TestClient {
  client: Client
  outcomes: RequestOutcome[]
  /** the near ends of all streams that were opened, the last one last */
  opened: Stream[]
}

export interface TestClientInit {
  /** takes the far end of each stream that is opened */
  onStream (far: Stream, connection: Connection): void
  /** what happens before a stream is opened */
  beforeOpen? (): Promise<void>
  options?: Partial<ClientOptions>
  network?: Partial<ClientNetwork>
  streams?: StreamPairOptions
  onRequest?: ClientEvents['onRequest']
}

/** A client that runs as long as `use` does, with one connection to the server. */
export async function withClient ({ onStream, beforeOpen, options, network, streams, onRequest }: TestClientInit, use: (test: TestClient) => Promise<void>): Promise<void> {
  const opened: Stream[] = []
  const outcomes: RequestOutcome[] = []
  const connection = {
    status: 'open',
    remotePeer: SERVER,
    newStream: async () => {
      await beforeOpen?.()
      const [near, far] = await createStreams(streams)
      opened.push(near)
      onStream(far, connectionTo(CLIENT))

      return near
    }
  } as unknown as Connection
  const client = new Client({ protocol: PROTOCOL, timeout: REQUEST_TIMEOUT, idle: IDLE_TIMEOUT, idleConnection: IDLE_TIMEOUT, maxOutboundStreams: 64, maxWarmStreams: 256, maxDials: 25, maxRequests: 4_096, perPeer: PER_PEER, ...options }, {
    connections: () => [connection],
    addresses: async () => [multiaddr('/ip4/127.0.0.1/tcp/1')],
    dial: async () => connection,
    mapper: passthroughMapper,
    keeps: async () => false,
    lateAfter: () => LATE,
    ...network
  }, { onRequest, onOutcome: (to, type, outcome) => { outcomes.push(outcome) } })

  client.start()

  try {
    await use({ client, outcomes, opened })
  } finally {
    client.stop()
  }
}
