import { expect } from 'aegir/chai'
import { RoutingTable } from '../src/kademlia/routing-table.ts'
import { isValuesLimit, limitOf } from '../src/limit-of.ts'
import { createMetrics } from '../src/metrics.ts'
import { StoreFullError, TooManyQueriesError } from '../src/query/errors.ts'
import { NotSentError, RecentlyFailedDialError, TooManyRequestsError } from '../src/wire/errors.ts'
import { contactsIn } from './helpers/buckets.ts'
import { contact } from './helpers/contacts.ts'
import { FakeMetrics } from './helpers/fake-metrics.ts'
import { falseTime, SECOND } from './helpers/false-time.ts'
import type { Clock } from './helpers/false-time.ts'
import type { MetricSources } from '../src/gauges.ts'
import type { DHTMetrics } from '../src/metrics.ts'
import type { Contact } from '../src/query/contact.ts'

const SELF = contact(0)

/**
 * What the rival, version 16.4, registers, without what it has of its own: the queue of its table's updates, the map of peers that
 * are being added to it, and its adaptive timeout for reproviding.
 */
const RIVALS = [
  'routing_table_size', 'routing_table_kad_bucket_total', 'routing_table_kad_bucket_average_occupancy', 'routing_table_kad_bucket_min_occupancy',
  'routing_table_kad_bucket_max_occupancy', 'routing_table_kad_bucket_max_depth', 'kad_bucket_events_total', 'ping_old_contact_queue',
  'ping_new_contact_queue', 'routing_table_ping_old_contact_time_milliseconds', 'routing_table_ping_new_contact_time_milliseconds',
  'network_message_send_times_milliseconds', 'outbound_rpc_requests_total', 'outbound_rpc_errors_total', 'inbound_rpc_requests_total',
  'inbound_rpc_errors_total', 'inbound_rpc_time_seconds', 'operations_total', 'operation_errors_total', 'operation_time_seconds',
  'operation_error_time_seconds', 'reprovide_queue'
]

describe('the metrics', () => {
  let clock: Clock
  let table: RoutingTable<Contact>
  let fake: FakeMetrics
  let metrics: DHTMetrics
  let sources: MetricSources

  beforeEach(() => {
    clock = falseTime()
    fake = new FakeMetrics()
    table = new RoutingTable({ self: SELF.key, k: 3, maxFailures: 1, backoff: 0, diversity: { perBucket: 2, perTable: 3, enough: 6 } })
    sources = {
      buckets: () => [...table.buckets()],
      pendingProbes: kind => kind === 'old' ? 3 : 5,
      lookups: () => 7,
      providing: () => ({ keys: 61, neverAnnounced: 53, due: 11, progress: 0.25, lag: 59_000 }),
      values: () => ({ records: 31, bytes: 37, replications: 41, publications: 43 }),
      providers: () => ({ records: 53, keysAtHand: 59, announcementsAtHand: 61, unwritten: 67 }),
      networkSize: () => ({ peers: 47, error: 0.05 }),
      requestsWaiting: () => 13,
      dials: () => ({ open: 17, waiting: 19 }),
      streams: () => ({ warm: 23, busy: 29 })
    }
    metrics = createMetrics(fake.service, 'kad', sources)
  })

  afterEach(() => {
    clock.restore()
  })

  function value (name: string): unknown {
    return fake.value(`kad_${name}`)
  }

  function values (name: string): unknown {
    return fake.values(`kad_${name}`)
  }

  it('have the names of @libp2p/kad-dht where they mean the same', () => {
    expect([...fake.registered.keys()]).to.include.members(RIVALS.map(name => `kad_${name}`))
  })

  it('all begin with the prefix, so that two DHTs of a node are told apart', () => {
    expect([...fake.registered.keys()].filter(name => !/^kad_[a-z_]+$/.test(name))).to.deep.equal([])
    expect(() => createMetrics(fake.service, 'other', sources)).to.not.throw()
  })

  it('are groups with the label of @libp2p/kad-dht where it has one', () => {
    for (const name of ['inbound_rpc_time_seconds', 'operations_total', 'operation_errors_total', 'operation_time_seconds', 'operation_error_time_seconds']) {
      expect(fake.registered.get(`kad_${name}`), name).to.have.property('label', 'operation')
    }
  })

  it('are no work without a service', () => {
    const silent = createMetrics(undefined, 'kad', sources)
    silent.onRequestSent('FIND_NODE', 1)
    silent.onProbed('old', 5, true)
    silent.onTableEvent('peer_added')
    silent.onOperation('GET_VALUE')(false)
  })

  it('are zeros when the table is empty, never an infinity', () => {
    for (const name of ['size', 'kad_bucket_total', 'kad_bucket_average_occupancy', 'kad_bucket_min_occupancy', 'kad_bucket_max_occupancy', 'kad_bucket_max_depth', 'candidates', 'connected', 'round_trip_milliseconds']) {
      expect(value(`routing_table_${name}`), name).to.equal(0)
    }

    expect(values('routing_table_bucket_occupancy')).to.deep.equal({})
  })

  it('count the table when they are collected', () => {
    contactsIn(SELF, 0, 5).forEach((peer, i) => { table.onAlive(peer, i, { roundTrip: 10 }) })
    contactsIn(SELF, 5, 1).forEach(peer => { table.onAlive(peer, 1, { roundTrip: 50, connected: true }) })
    contactsIn(SELF, 2, 2).forEach(peer => { table.onAlive(peer, 1, { connected: true }) })

    expect(value('routing_table_size')).to.equal(6)
    expect(value('routing_table_kad_bucket_total')).to.equal(3)
    expect(value('routing_table_kad_bucket_average_occupancy')).to.equal(2)
    expect(value('routing_table_kad_bucket_min_occupancy')).to.equal(1)
    expect(value('routing_table_kad_bucket_max_occupancy')).to.equal(3)
    expect(value('routing_table_kad_bucket_max_depth')).to.equal(5)
    expect(value('routing_table_candidates')).to.equal(2)
    expect(value('routing_table_connected')).to.equal(3)
    // of those that were measured
    expect(value('routing_table_round_trip_milliseconds')).to.equal(20)
    expect(values('routing_table_bucket_occupancy')).to.deep.equal({ 0: 3, 2: 2, 5: 1 })
  })

  it('count what waits', () => {
    expect(['ping_old_contact_queue', 'ping_new_contact_queue', 'lookups', 'reprovide_queue'].map(value)).to.deep.equal([3, 5, 7, 11])
    expect(['requests_waiting', 'dials_open', 'dials_waiting'].map(value)).to.deep.equal([13, 17, 19])
    expect(values('streams')).to.deep.equal({ warm: 23, busy: 29 })
    expect(value('provider_write_queue')).to.equal(67)
  })

  it('count the provider records, and those at hand', () => {
    expect(value('stored_providers')).to.equal(53)
    expect(values('provider_cache')).to.deep.equal({ keys: 59, announcements: 61 })
    metrics.onProvidersUnwritten(3)
    expect(value('provider_write_errors_total')).to.equal(3)
  })

  it('count what was not done for a limit of this node, by the limit', () => {
    for (const limit of ['queries', 'providers', 'providers'] as const) {
      metrics.onLimit(limit)
    }

    expect(values('limits_total')).to.deep.equal({ queries: 1, providers: 2 })
    expect(fake.registered.get('kad_limits_total')).to.have.property('label', 'limit')
  })

  it('tell the limits of this node from the failures of others', () => {
    const queueFull = Object.assign(new Error('Dial queue is full'), { name: 'DialError' })
    const streams = Object.assign(new Error('too many'), { name: 'TooManyOutboundProtocolStreamsError' })

    expect([new TooManyQueriesError(), new TooManyRequestsError(), new NotSentError(), queueFull, streams].map(limitOf))
      .to.deep.equal(['queries', 'requests', 'dials', 'dials', 'streams'])
    expect([new Error('no'), new RecentlyFailedDialError(), Object.assign(new Error('refused'), { name: 'DialError' })].map(limitOf))
      .to.deep.equal([undefined, undefined, undefined])
    expect(isValuesLimit('PUT_VALUE', new StoreFullError())).to.equal(true)
    expect(isValuesLimit('ADD_PROVIDER', new StoreFullError())).to.equal(false)
    expect(isValuesLimit('PUT_VALUE', new Error('no'))).to.equal(false)
  })

  it('count requests by their type', () => {
    metrics.onRequestSent('FIND_NODE', 1)
    // several that go out as one
    metrics.onRequestSent('ADD_PROVIDER', 7)
    metrics.onRequestFailed('FIND_NODE')
    metrics.onRequestReceived('GET_VALUE')
    metrics.onRequestRefused('UNREADABLE')
    metrics.onRequestServed('GET_VALUE', 250)
    metrics.onAnswered(12)

    expect(values('outbound_rpc_requests_total')).to.deep.equal({ FIND_NODE: 1, ADD_PROVIDER: 7 })
    expect(values('outbound_rpc_errors_total')).to.deep.equal({ FIND_NODE: 1 })
    expect(values('inbound_rpc_requests_total')).to.deep.equal({ GET_VALUE: 1 })
    expect(values('inbound_rpc_errors_total')).to.deep.equal({ UNREADABLE: 1 })
    expect(values('inbound_rpc_time_seconds')).to.deep.equal({ GET_VALUE: 0.25 })
    expect(value('network_message_send_times_milliseconds')).to.equal(12)
  })

  it('count what happens to the table', () => {
    for (const event of ['peer_added', 'peer_added', 'peer_removed', 'peer_promoted', 'peer_demoted', 'peer_crowded', 'probe_dropped'] as const) {
      metrics.onTableEvent(event)
    }

    expect(values('kad_bucket_events_total')).to.deep.equal({ peer_added: 2, peer_removed: 1, peer_promoted: 1, peer_demoted: 1, peer_crowded: 1, probe_dropped: 1 })
  })

  it('count each probe that was made, and those that failed among them, as @libp2p/kad-dht does', () => {
    metrics.onProbed('old', 5, true)
    metrics.onProbed('old', 9, false)
    metrics.onProbed('new', 7, false)

    expect(values('kad_bucket_events_total')).to.deep.equal({ ping_old_contact: 2, ping_old_contact_error: 1, ping_new_contact: 1, ping_new_contact_error: 1 })
  })

  it('time probes by their kind', () => {
    metrics.onProbed('old', 5, true)
    metrics.onProbed('new', 7, true)

    expect(value('routing_table_ping_old_contact_time_milliseconds')).to.equal(5)
    expect(value('routing_table_ping_new_contact_time_milliseconds')).to.equal(7)
  })

  it('count operations under way, and time those that ended by how they did', async () => {
    const first = metrics.onOperation('PROVIDE')
    const second = metrics.onOperation('PROVIDE')
    expect(values('operations_total')).to.deep.equal({ PROVIDE: 2 })

    await clock.tickAsync(SECOND)
    first(false)
    expect(values('operations_total')).to.deep.equal({ PROVIDE: 1 })
    expect(values('operation_time_seconds')).to.deep.equal({ PROVIDE: 1 })
    await clock.tickAsync(SECOND)
    second(true)

    expect(values('operations_total')).to.deep.equal({ PROVIDE: 0 })
    expect(values('operation_errors_total')).to.deep.equal({ PROVIDE: 1 })
    expect(values('operation_error_time_seconds')).to.deep.equal({ PROVIDE: 2 })
  })
})
