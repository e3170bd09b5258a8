// The metrics, by the names of @libp2p/kad-dht. Without a metrics service every call is a no-op.

import type { MessageName } from './wire/message.ts'
import type { Metrics } from '@libp2p/interface'

/** The operations that are counted and timed. */
export type OperationName = 'GET_VALUE' | 'FIND_PROVIDERS' | 'FIND_PEER' | 'GET_CLOSEST_PEERS' | 'PROVIDE' | 'PUT_VALUE'

/** What happens to the table, and to whom it has no place for. */
export type TableEvent = 'peer_added' | 'peer_removed' | 'probe_dropped'

/** What is read when the metrics are collected. */
export interface MetricSources {
  /** peers a bucket, empty ones left out */
  bucketSizes (): number[]
  /** the common prefix length of the deepest bucket */
  maxDepth (): number
  reprovideQueue (): number
}

export interface DHTMetrics {
  onRequestSent (type: MessageName): void
  onRequestFailed (type: MessageName): void
  onAnswered (ms: number): void
  onRequestReceived (type: MessageName): void
  onRequestServed (type: MessageName, ms: number): void
  onRequestRefused (type: MessageName | 'UNREADABLE'): void
  onTableEvent (event: TableEvent): void
  /** an operation begins; call what is returned when it ends */
  onOperation (operation: OperationName): (failed: boolean) => void
}

export function createMetrics (metrics: Metrics | undefined, prefix: string, sources: MetricSources): DHTMetrics {
  const name = (suffix: string): string => `${prefix}_${suffix}`
  const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0)
  const sizes = sources.bucketSizes

  metrics?.registerMetric(name('routing_table_size'), { calculate: () => sum(sizes()) })
  metrics?.registerMetric(name('routing_table_kad_bucket_total'), { calculate: () => sizes().length })
  metrics?.registerMetric(name('routing_table_kad_bucket_average_occupancy'), { calculate: () => sum(sizes()) / Math.max(1, sizes().length) })
  metrics?.registerMetric(name('routing_table_kad_bucket_min_occupancy'), { calculate: () => sizes().length === 0 ? 0 : Math.min(...sizes()) })
  metrics?.registerMetric(name('routing_table_kad_bucket_max_occupancy'), { calculate: () => Math.max(0, ...sizes()) })
  metrics?.registerMetric(name('routing_table_kad_bucket_max_depth'), { calculate: sources.maxDepth })
  metrics?.registerMetric(name('reprovide_queue'), { calculate: sources.reprovideQueue })

  const sent = metrics?.registerCounterGroup(name('outbound_rpc_requests_total'))
  const failed = metrics?.registerCounterGroup(name('outbound_rpc_errors_total'))
  const received = metrics?.registerCounterGroup(name('inbound_rpc_requests_total'))
  const refused = metrics?.registerCounterGroup(name('inbound_rpc_errors_total'))
  const served = metrics?.registerMetricGroup(name('inbound_rpc_time_seconds'), { label: 'operation' })
  const roundTrip = metrics?.registerMetric(name('network_message_send_times_milliseconds'))
  const table = metrics?.registerCounterGroup(name('kad_bucket_events_total'))
  const running = metrics?.registerMetricGroup(name('operations_total'), { label: 'operation' })
  const errors = metrics?.registerCounterGroup(name('operation_errors_total'), { label: 'operation' })
  const time = metrics?.registerMetricGroup(name('operation_time_seconds'), { label: 'operation' })
  const errorTime = metrics?.registerMetricGroup(name('operation_error_time_seconds'), { label: 'operation' })

  return {
    onRequestSent: type => { sent?.increment({ [type]: true }) },
    onRequestFailed: type => { failed?.increment({ [type]: true }) },
    onAnswered: ms => { roundTrip?.update(ms) },
    onRequestReceived: type => { received?.increment({ [type]: true }) },
    onRequestServed: (type, ms) => { served?.update({ [type]: ms / 1000 }) },
    onRequestRefused: type => { refused?.increment({ [type]: true }) },
    onTableEvent: event => { table?.increment({ [event]: true }) },
    onOperation: operation => {
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
}
