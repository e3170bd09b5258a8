// The metrics, by the names of @libp2p/kad-dht. Without a metrics service every call is a no-op.

import { registerGauges } from './gauges.ts'
import type { MetricSources } from './gauges.ts'
import type { Limit } from './limit-of.ts'
import type { ProbeKind } from './peers/peers.ts'
import type { MessageName } from './wire/message.ts'
import type { Metrics } from '@libp2p/interface'

/** The operations that are counted and timed; SELF_QUERY is upkeep's. */
export type OperationName = 'GET_VALUE' | 'FIND_PROVIDERS' | 'FIND_PEER' | 'GET_CLOSEST_PEERS' | 'PROVIDE' | 'PUT_VALUE' | 'SELF_QUERY'

/** What happens to the table, and to whom it has no place for. */
export type TableEvent =
  'peer_added' |
  'peer_removed' |
  /** a candidate took the place of a peer that was removed */
  'peer_promoted' |
  /** a peer lost its place: it failed, or there were enough of its group */
  'peer_demoted' |
  /** a peer found no place, for there are enough of its group */
  'peer_crowded' |
  'ping_old_contact' |
  'ping_old_contact_error' |
  'ping_new_contact' |
  'ping_new_contact_error' |
  /** a probe was not made, for too many wait */
  'probe_dropped'

export interface DHTMetrics {
  onRequestSent (type: MessageName, count: number): void
  onRequestFailed (type: MessageName): void
  onAnswered (ms: number): void
  onRequestReceived (type: MessageName): void
  onRequestServed (type: MessageName, ms: number): void
  onRequestRefused (type: MessageName | 'UNREADABLE'): void
  onTableEvent (event: TableEvent): void
  onProbed (kind: ProbeKind, ms: number, answered: boolean): void
  /** a value that is held for others was put to so many */
  onReplicated (requests: number): void
  /** what this node has published could not be published again */
  onPublishFailed (): void
  /** keys that this node provides were announced by a sweep, and what that took */
  onReprovided (batch: { announced: unknown[], failed: unknown[], records: number, lookups: number, messages: number }): void
  /** so many changes of the provider records could not be written, as on a full disk */
  onProvidersUnwritten (changes: number): void
  /** something was not done for a limit of this node */
  onLimit (limit: Limit): void
  /** an operation begins; call what is returned when it ends */
  onOperation (operation: OperationName): (failed: boolean) => void
}

export function createMetrics (metrics: Metrics | undefined, prefix: string, sources: MetricSources): DHTMetrics {
  const name = (suffix: string): string => `${prefix}_${suffix}`

  if (metrics != null) {
    registerGauges(metrics, name, sources)
  }

  const sent = metrics?.registerCounterGroup(name('outbound_rpc_requests_total'))
  const failed = metrics?.registerCounterGroup(name('outbound_rpc_errors_total'))
  const received = metrics?.registerCounterGroup(name('inbound_rpc_requests_total'))
  const refused = metrics?.registerCounterGroup(name('inbound_rpc_errors_total'))
  const served = metrics?.registerMetricGroup(name('inbound_rpc_time_seconds'), { label: 'operation' })
  const roundTrip = metrics?.registerMetric(name('network_message_send_times_milliseconds'))
  const probeTimes = {
    old: metrics?.registerMetric(name('routing_table_ping_old_contact_time_milliseconds')),
    new: metrics?.registerMetric(name('routing_table_ping_new_contact_time_milliseconds'))
  }
  const table = metrics?.registerCounterGroup(name('kad_bucket_events_total'))
  const replicated = metrics?.registerCounter(name('replication_requests_total'))
  const unpublished = metrics?.registerCounter(name('republish_errors_total'))
  const reprovided = metrics?.registerCounterGroup(name('reprovide_total'), { label: 'what' })
  const unwritten = metrics?.registerCounter(name('provider_write_errors_total'))
  const limits = metrics?.registerCounterGroup(name('limits_total'), { label: 'limit' })

  return {
    onRequestSent: (type, count) => { sent?.increment({ [type]: count }) },
    onRequestFailed: type => { failed?.increment({ [type]: true }) },
    onAnswered: ms => { roundTrip?.update(ms) },
    onRequestReceived: type => { received?.increment({ [type]: true }) },
    onRequestServed: (type, ms) => { served?.update({ [type]: ms / 1000 }) },
    onRequestRefused: type => { refused?.increment({ [type]: true }) },
    onTableEvent: event => { table?.increment({ [event]: true }) },
    onProbed: (kind, ms, answered) => {
      table?.increment({ [`ping_${kind}_contact`]: true, ...answered ? {} : { [`ping_${kind}_contact_error`]: true } })
      probeTimes[kind]?.update(ms)
    },
    onReplicated: requests => { replicated?.increment(requests) },
    onPublishFailed: () => { unpublished?.increment() },
    onReprovided: ({ announced, failed, records, lookups, messages }) => {
      reprovided?.increment({ announced: announced.length, failed: failed.length, records, lookups, messages })
    },
    onProvidersUnwritten: changes => { unwritten?.increment(changes) },
    onLimit: limit => { limits?.increment({ [limit]: true }) },
    onOperation: operationTimer(metrics, name)
  }
}

function operationTimer (metrics: Metrics | undefined, name: (suffix: string) => string): DHTMetrics['onOperation'] {
  const running = metrics?.registerMetricGroup(name('operations_total'), { label: 'operation' })
  const errors = metrics?.registerCounterGroup(name('operation_errors_total'), { label: 'operation' })
  const time = metrics?.registerMetricGroup(name('operation_time_seconds'), { label: 'operation' })
  const errorTime = metrics?.registerMetricGroup(name('operation_error_time_seconds'), { label: 'operation' })

  return operation => {
    const start = Date.now()
    running?.increment({ [operation]: true })

    return hasFailed => {
      const seconds = (Date.now() - start) / 1000
      running?.decrement({ [operation]: true })

      if (hasFailed) {
        errors?.increment({ [operation]: true })
        errorTime?.update({ [operation]: seconds })
      } else {
        time?.update({ [operation]: seconds })
      }
    }
  }
}
