// What `kad` can do on a node, each with its arguments as text and its result as JSON, so that a command line, a control
// socket and a script mean the same by it.

import { NotFoundError } from '@libp2p/interface'
import { fromString as uint8ArrayFromString } from 'uint8arrays/from-string'
import { EXIT, UsageError, describe } from './errors.ts'
import { measure } from './measure.ts'
import { formatValue, parseKey, parseTarget, parseValue } from './namespace.ts'
import { parseCID, parsePeerId, parseProvidable } from './parse.ts'
import type { PeerInfo } from '@libp2p/interface'
import type { KadDHT, Operation, ResolvedRecord, WriteResult } from 'libp2p-kad'

export type OperationName = 'put' | 'get' | 'publish' | 'resolve' | 'remove' | 'provide' | 'find-providers' | 'find-peer' | 'closest'

/** What to do: the key, CID, peer id or name that it is about, and the value to put, or the name of the record to resolve. */
export interface OperationRequest {
  op: OperationName
  subject: string
  value?: string
  options?: OperationOptions
  /** ms */
  timeout: number
}

/** How it is done, where there are several ways. */
export interface OperationOptions {
  /** of `provide`: returns when enough were told */
  optimistic?: boolean
  /** of `find-providers`: at the most so many */
  count?: number
  /** of `find-providers`: ends with the first that are found */
  fast?: boolean
  /** of `find-providers`: in the order of their round-trip times */
  nearest?: boolean
}

export interface PeerResult {
  id: string
  addresses: string[]
}

export interface OperationReply {
  op: OperationName
  ok: boolean
  hops?: number
  messages?: number
  ms?: number
  key?: string
  cid?: string
  value?: string
  encoding?: 'utf8' | 'base64'
  /** of a signed record: its sequence number, and when it lapses unless it is published again */
  seq?: string
  expires?: string
  stored?: string[]
  failed?: Array<{ peer: string, error: string }>
  peers?: PeerResult[]
  providers?: PeerResult[]
  /** why it failed */
  error?: { name: string, message: string }
}

export interface Failure<Op extends string> {
  op: Op
  ok: false
  error: { name: string, message: string }
}

interface Doing<T> {
  start (dht: KadDHT, signal: AbortSignal): Operation<T> | Promise<T>
  report (result: T): Partial<OperationReply>
}

/** How each is read. Reading checks the arguments: a UsageError comes before anything is done. */
const OPERATIONS: Record<OperationName, (request: OperationRequest) => Doing<any>> = {
  put: ({ subject, value }) => {
    if (value == null) {
      throw new UsageError('There is no value to put')
    }

    const key = parseKey(subject)
    const bytes = parseValue(subject, value)

    return doing({ start: (dht, signal) => dht.put(key, bytes, { signal }), report: result => ({ key: subject, ...written(result) }) })
  },
  get: ({ subject }) => {
    const key = parseKey(subject)

    return doing({ start: (dht, signal) => dht.get(key, { signal }), report: value => ({ key: subject, ...formatValue(value) }) })
  },
  publish: ({ subject, value }) => {
    if (value == null) {
      throw new UsageError('There is no value to publish')
    }

    return doing({
      start: (dht, signal) => dht.records.publish(subject, uint8ArrayFromString(value), { signal }),
      report: record => ({ ...named(record), ...written(record) })
    })
  },
  resolve: ({ subject, value }) => {
    const owner = parsePeerId(subject)

    if (value == null) {
      throw new UsageError('Say which record of that peer: its name comes after the peer id')
    }

    return doing({ start: (dht, signal) => dht.records.resolve(owner, value, { signal }), report: record => ({ ...named(record), ...formatValue(record.value) }) })
  },
  remove: ({ subject }) => doing({ start: (dht, signal) => dht.records.remove(subject, { signal }), report: result => ({ key: subject, ...written(result) }) }),
  provide: ({ subject, options: { optimistic } = {} }) => {
    const cid = parseProvidable(subject)

    return doing({ start: (dht, signal) => dht.provide(cid, { signal, optimistic }), report: result => ({ cid: subject, ...written(result) }) })
  },
  'find-providers': ({ subject, options: { count, fast, nearest } = {} }) => {
    const cid = parseCID(subject)

    return doing({
      start: (dht, signal) => dht.findProviders(cid, { signal, count, fast, prefer: nearest === true ? 'nearest' : undefined }),
      report: providers => {
        if (providers.length === 0) {
          throw new NotFoundError(`Nobody who was asked knows a provider of ${subject}`)
        }

        return { cid: subject, providers: providers.map(peerResult) }
      }
    })
  },
  'find-peer': ({ subject }) => {
    const id = parsePeerId(subject)

    return doing({ start: (dht, signal) => dht.findPeer(id, { signal }), report: peer => ({ peers: [peerResult(peer)] }) })
  },
  closest: ({ subject }) => {
    const key = parseTarget(subject)

    return doing({ start: (dht, signal) => dht.getClosestPeers(key, { signal }), report: peers => ({ key: subject, peers: peers.map(peerResult) }) })
  }
}

/** @throws {UsageError} when the arguments are wrong */
export function checkRequest (request: OperationRequest): void {
  prepare(request)
}

/**
 * Never rejects: what went wrong is in the reply.
 *
 * @param dht - on which it is done
 * @param request - what to do
 * @param stop - ends it early
 * @param timeLeft - ms, where joining the network has taken some of its time
 */
export async function perform (dht: KadDHT, request: OperationRequest, stop?: AbortSignal, timeLeft = request.timeout): Promise<OperationReply> {
  const timeout = AbortSignal.timeout(timeLeft)
  const signal = stop == null ? timeout : AbortSignal.any([stop, timeout])

  try {
    const { start, report } = prepare(request)
    const { result, hops, messages, ms } = await measure(dht, () => start(dht, signal))

    return { op: request.op, ok: true, ...report(result), hops, messages, ms: Math.round(ms * 10) / 10 }
  } catch (error) {
    return failed(request, timeout.aborted ? new Error(`Not done after ${request.timeout / 1000} s, so it was given up: --timeout gives it longer`) : error)
  }
}

export function failed <Op extends string> ({ op }: { op: Op }, error: unknown): Failure<Op> {
  return { op, ok: false, error: { name: error instanceof Error ? error.name : 'Error', message: describe(error) } }
}

export function exitCode ({ ok, error }: Pick<OperationReply, 'ok' | 'error'>): number {
  if (ok) {
    return EXIT.ok
  }

  return error?.name === 'UsageError' ? EXIT.usage : EXIT.failed
}

function prepare (request: OperationRequest): Doing<any> {
  if (!Object.hasOwn(OPERATIONS, request.op)) {
    throw new UsageError(`There is no operation "${request.op}": there are ${Object.keys(OPERATIONS).join(', ')}`)
  }

  return OPERATIONS[request.op](request)
}

/** Ties what is started to how it is reported. */
function doing <T> (parts: Doing<T>): Doing<T> {
  return parts
}

/** A record by its owner and name, and which version it is. */
function named ({ owner, name, seq, expires }: ResolvedRecord): Partial<OperationReply> {
  return { key: `${owner.toString()}/${name}`, seq: seq.toString(), expires: new Date(expires).toISOString() }
}

function written ({ stored, failed }: WriteResult): Partial<OperationReply> {
  return {
    stored: stored.map(peer => peer.toString()),
    failed: failed.map(({ peer, error }) => ({ peer: peer.toString(), error: describe(error) }))
  }
}

function peerResult ({ id, multiaddrs }: PeerInfo): PeerResult {
  return { id: id.toString(), addresses: multiaddrs.map(address => address.toString()) }
}
