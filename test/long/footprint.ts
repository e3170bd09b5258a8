// What a process holds on to while it runs nodes, counted, and what of it is too much.

import { collectGarbage } from '../helpers/garbage.ts'
import { timers } from '../helpers/leaks.ts'
import type { EventListeners } from './event-listeners.ts'
import type { TestNode } from '../helpers/network.ts'
import type { Registrar } from '@libp2p/interface-internal'

const PROTOCOL = '/ipfs/kad/1.0.0'

/** What connections and streams are made of. */
const OF_CONNECTIONS = ['TCPSocketMultiaddrConnection', 'EncryptedMessageStream', 'YamuxMuxer', 'Connection']
const OF_STREAMS = ['YamuxStream']

export interface Footprint {
  nodes: number
  /** bytes, after the garbage was collected */
  heap: number
  /** that keep the process alive */
  timers: number
  connections: number
  streams: number
  /** of the streams those of the DHT's protocol */
  dhtStreams: number
  /** that were told whom they want to hear of, and what is served */
  registrations: number
  listeners: {
    onConnections: number
    onStreams: number
    onSignals: number
    onOthers: number
  }
  /** reads and writes since the process began */
  operations: number
}

export async function footprint (nodes: TestNode[], listeners: EventListeners, operations: number): Promise<Footprint> {
  await collectGarbage()
  const connections = nodes.flatMap(node => node.getConnections())
  const streams = connections.flatMap(({ streams }) => streams)

  return {
    nodes: nodes.length,
    timers: timers(),
    connections: connections.length,
    streams: streams.length,
    dhtStreams: streams.filter(({ protocol }) => protocol === PROTOCOL).length,
    registrations: nodes.map(registrations).reduce((a, b) => a + b, 0),
    listeners: listenersByKind(listeners.count()),
    operations,
    // last: what was counted has let go of what only it still knew
    heap: await usedHeap()
  }
}

/**
 * What nodes hold that they have no use for, in words; nothing when they are at rest. `atFirst`: what the same process held
 * when it had been at rest for the first time.
 */
export function excess ({ nodes, heap, timers, connections, dhtStreams, streams, registrations, listeners }: Footprint, atFirst?: Footprint): string[] {
  /** the most there may be of each, and why so many */
  const limits: Array<[string, number, number]> = [
    // a ping of the muxer for each connection; for a node 9 of the DHT's own, and some that libp2p needs now and then
    ['timers', timers, connections + 12 * nodes],
    // a warm stream for each direction
    ['streams of the DHT', dhtStreams, 2 * connections + nodes],
    ['registrations', registrations, atFirst?.registrations ?? Infinity],
    // libp2p's own, on everything that a connection or a stream is made of
    ['listeners on connections', listeners.onConnections, 16 * connections],
    ['listeners on streams', listeners.onStreams, 10 * (streams + nodes)],
    // a socket that was dialled listens to the signal that could have ended the dial as long as it lives
    ['listeners on signals', listeners.onSignals, 2 * connections + 2 * nodes],
    ['listeners on anything else', listeners.onOthers, atFirst?.listeners.onOthers ?? Infinity],
    ['kB of memory', Math.round(heap / 1000), (atFirst == null ? Infinity : atFirst.heap + ALLOWED_GROWTH + nodes * ALLOWED_GROWTH_OF_NODE) / 1000]
  ]

  return limits.filter(([, count, most]) => count > most).map(([what, count, most]) => `${count} ${what} are more than ${most}`)
}

/** Bytes. What a process may hold more than at first: what V8 has learnt of the program, ... */
const ALLOWED_GROWTH = 3_000_000

/** ... and what its nodes have learnt: values, announcements, and addresses of peers, which libp2p keeps for hours. */
const ALLOWED_GROWTH_OF_NODE = 300_000

function registrations (node: TestNode): number {
  const { registrar } = (node as unknown as { components: { registrar: Registrar } }).components

  return registrar.getTopologies(PROTOCOL).length + registrar.getProtocols().length
}

function listenersByKind (counts: Record<string, number>): Footprint['listeners'] {
  const sum = (accept: (name: string) => boolean): number => Object.entries(counts)
    .filter(([name]) => accept(name.split(' ')[0]))
    .reduce((sum, [, count]) => sum + count, 0)
  const kinds = {
    onConnections: sum(name => OF_CONNECTIONS.includes(name)),
    onStreams: sum(name => OF_STREAMS.includes(name)),
    onSignals: sum(name => name === 'AbortSignal')
  }

  return { ...kinds, onOthers: sum(() => true) - kinds.onConnections - kinds.onStreams - kinds.onSignals }
}

async function usedHeap (): Promise<number> {
  await collectGarbage()

  return process.memoryUsage().heapUsed
}
