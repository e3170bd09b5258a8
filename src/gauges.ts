// The metrics that are read when somebody collects them.

import type { NetworkSize } from './kademlia/network-size.ts'
import type { BucketView } from './kademlia/routing-table.ts'
import type { ProbeKind } from './peers/peers.ts'
import type { Contact } from './query/contact.ts'
import type { Metrics } from '@libp2p/interface'

/** What is read when the metrics are collected. */
export interface MetricSources {
  /** without the empty ones */
  buckets (): Array<BucketView<Contact>>
  /** probes that wait or run */
  pendingProbes (kind: ProbeKind): number
  /** lookups under way */
  lookups (): number
  /** what this node provides */
  providing (): { keys: number, neverAnnounced: number, due: number, progress: number, lag: number }
  /** values held for others, and what waits to be put to others again */
  values (): { records: number, bytes: number, replications: number, publications: number }
  /** announcements of others, what of them is kept in memory, and changes of them that are not written yet */
  providers (): { records: number, keysAtHand: number, announcementsAtHand: number, unwritten: number }
  /** undefined while it is not known */
  networkSize (): NetworkSize | undefined
  /** requests that wait for a stream */
  requestsWaiting (): number
  dials (): { open: number, waiting: number }
  /** outbound ones */
  streams (): { warm: number, busy: number }
}

export function registerGauges (metrics: Metrics, name: (suffix: string) => string, sources: MetricSources): void {
  const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0)
  const sizes = (): number[] => sources.buckets().map(({ entries }) => entries.length)

  metrics.registerMetric(name('routing_table_size'), { calculate: () => sum(sizes()) })
  metrics.registerMetric(name('routing_table_kad_bucket_total'), { calculate: () => sizes().length })
  metrics.registerMetric(name('routing_table_kad_bucket_average_occupancy'), { calculate: () => sum(sizes()) / Math.max(1, sizes().length) })
  metrics.registerMetric(name('routing_table_kad_bucket_min_occupancy'), { calculate: () => sizes().length === 0 ? 0 : Math.min(...sizes()) })
  metrics.registerMetric(name('routing_table_kad_bucket_max_occupancy'), { calculate: () => Math.max(0, ...sizes()) })
  metrics.registerMetric(name('routing_table_kad_bucket_max_depth'), { calculate: () => Math.max(0, ...sources.buckets().map(({ commonPrefixLength }) => commonPrefixLength)) })
  metrics.registerMetric(name('routing_table_candidates'), { calculate: () => sum(sources.buckets().map(({ candidates }) => candidates.length)) })
  metrics.registerMetric(name('routing_table_connected'), { calculate: () => sources.buckets().flatMap(({ entries }) => entries.filter(({ connected }) => connected)).length })
  metrics.registerMetric(name('routing_table_round_trip_milliseconds'), { calculate: () => meanRoundTrip(sources.buckets()) })
  metrics.registerMetricGroup(name('routing_table_bucket_occupancy'), {
    label: 'common_prefix_length',
    calculate: () => Object.fromEntries(sources.buckets().map(({ commonPrefixLength, entries }) => [commonPrefixLength, entries.length]))
  })
  metrics.registerMetric(name('ping_old_contact_queue'), { calculate: () => sources.pendingProbes('old') })
  metrics.registerMetric(name('ping_new_contact_queue'), { calculate: () => sources.pendingProbes('new') })
  metrics.registerMetric(name('lookups'), { calculate: sources.lookups })
  metrics.registerMetric(name('reprovide_queue'), { calculate: () => sources.providing().due })
  metrics.registerMetric(name('provided_keys'), { calculate: () => sources.providing().keys })
  metrics.registerMetric(name('provided_keys_never_announced'), { calculate: () => sources.providing().neverAnnounced })
  metrics.registerMetric(name('reprovide_progress'), { calculate: () => sources.providing().progress })
  metrics.registerMetric(name('reprovide_lag_seconds'), { calculate: () => sources.providing().lag / 1000 })
  metrics.registerMetric(name('stored_values'), { calculate: () => sources.values().records })
  metrics.registerMetric(name('stored_value_bytes'), { calculate: () => sources.values().bytes })
  metrics.registerMetric(name('replication_queue'), { calculate: () => sources.values().replications })
  metrics.registerMetric(name('republish_queue'), { calculate: () => sources.values().publications })
  metrics.registerMetric(name('stored_providers'), { calculate: () => sources.providers().records })
  metrics.registerMetric(name('provider_write_queue'), { calculate: () => sources.providers().unwritten })
  metrics.registerMetricGroup(name('provider_cache'), {
    label: 'what',
    calculate: () => ({ keys: sources.providers().keysAtHand, announcements: sources.providers().announcementsAtHand })
  })
  metrics.registerMetric(name('network_size'), { calculate: () => sources.networkSize()?.peers ?? 0 })
  metrics.registerMetric(name('network_size_error'), { calculate: () => sources.networkSize()?.error ?? 0 })
  metrics.registerMetric(name('requests_waiting'), { calculate: sources.requestsWaiting })
  metrics.registerMetric(name('dials_open'), { calculate: () => sources.dials().open })
  metrics.registerMetric(name('dials_waiting'), { calculate: () => sources.dials().waiting })
  metrics.registerMetricGroup(name('streams'), { label: 'state', calculate: () => ({ ...sources.streams() }) })
}

/** Of those that were measured, ms. */
function meanRoundTrip (buckets: Array<BucketView<Contact>>): number {
  const measured = buckets.flatMap(({ entries }) => entries).flatMap(({ rtt }) => rtt?.mean ?? [])

  return measured.reduce((a, b) => a + b, 0) / Math.max(1, measured.length)
}
