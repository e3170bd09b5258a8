// Which limit of this node something ran into, by the error that said so: every limit that bites is counted (law 4).

import { isOurs } from './wire/errors.ts'

export type Limit =
  /** values are not repaired after a get, for too many repairs wait */
  'repairs' |
  /** values held for others wait for their replication: `replicate.maxQueueSize` */
  'replications' |
  /** of the providers that a search heard of without addresses, not all were looked up */
  'completions' |
  /** a lookup was not begun: `limits.queries` */
  'queries' |
  /** a request was not sent: too many to the same peer wait, `limits.waitingPerPeer` */
  'requests' |
  /** a request was not sent in its time: others had to be answered, `limits.requests`, or dialled, `limits.dials`, first. Or libp2p's queue of dials is full */
  'dials' |
  /** a request was not sent: as many streams as `maxOutboundStreams` are open */
  'streams' |
  /** a value of another was not stored, or had to go: `limits.storedValues`, `limits.storedValueBytes` or `limits.valuesPerPublisher` */
  'values' |
  /** an announcement of another was not stored, or had to go: `limits.storedProviders`, … */
  'providers' |
  /** … `limits.providersPerKey`, … */
  'providers-per-key' |
  /** … or, not stored only, `limits.providersPerSender` */
  'providers-per-sender'

const LIMITS: Partial<Record<string, Limit>> = {
  TooManyQueriesError: 'queries',
  TooManyRequestsError: 'requests',
  NotSentError: 'dials',
  TooManyOutboundProtocolStreamsError: 'streams'
}

/** The limit that kept a lookup or a request of this node from being made, if it was one. */
export function limitOf (error: Error): Limit | undefined {
  // of dials libp2p says nothing but that one failed
  return LIMITS[error.name] ?? (error.name === 'DialError' && isOurs(error) ? 'dials' : undefined)
}

/** Whether a limit of this node kept it from storing a value that another sent. */
export function isValuesLimit (type: string, error: Error): boolean {
  return type === 'PUT_VALUE' && error.name === 'StoreFullError'
}
