// Every option: what it means, its unit, its default, and whom it is for. config.ts has the checks, and fills in what is left out.

import type { RegionMode } from './kademlia/region.ts'
import type { Selectors, Validators } from './values/namespaces.ts'
import type { AddressGroup } from './wire/address-group.ts'
import type { PeerInfoMapper } from './wire/peer.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

/** How long to wait for a peer. It adapts to the round trips that are measured. */
export interface TimeoutInit {
  /** never less, ms */
  minTimeout?: number
  /** never more, ms */
  maxTimeout?: number
  /** accepted for compatibility, without effect */
  interval?: number
  /** accepted for compatibility, without effect */
  timeoutMultiplier?: number
  /** accepted for compatibility, without effect */
  failureMultiplier?: number
}

/** How provider records of others are kept. */
export interface ProvidersInit {
  /**
   * Keys whose providers are kept in memory beside the datastore, with ten times as many announcements at the most: more of them cost
   * memory, some 300 bytes an announcement, and save reads.
   *
   * @default 2048
   */
  cacheSize?: number
  /**
   * How often expired records are deleted, in seconds. They are never served, whatever this is.
   *
   * @default 5_400
   */
  cleanupInterval?: number
  /**
   * How long a record is served after it was announced, in seconds.
   *
   * @default 172_800 (48 hours)
   */
  provideValidity?: number
  /**
   * How long the addresses are served that came with it, in seconds: they change more often than what a node provides. After that a provider
   * is served with those that are known of it otherwise, if there are any.
   *
   * @default 86_400 (24 hours)
   */
  addressValidity?: number
  /**
   * Whether providers are announced to, and looked for at, every node within the distance in which the k nearest of a key are to be expected, and not the k
   * nearest alone. An attacker who crowds a key with nodes of its own cannot hide it then. `auto` does so where the k nearest are much nearer than they
   * should be, which by chance is the case for one key of a thousand; `on` always, at the cost of one to three more lookups a key; `off` never.
   *
   * @default "auto"
   */
  regionStore?: RegionMode
}

/** How this node announces again what it provides. */
export interface ReProvideInit {
  /**
   * Nodes that are told at once; each gets all keys that it is to hold of a part of the key space, one right behind the other.
   *
   * @default 10
   */
  concurrency?: number
  /**
   * Keys that are in memory at once; the rest of those that are due wait in the datastore.
   *
   * @default 16_384
   */
  maxQueueSize?: number
  /**
   * So long before an announcement lapses it is made again, in ms. The first time it may be made later by half of that, or by a quarter of the time between
   * two of them if that is less: from then on it has its turn with what is beside it.
   *
   * @default 93_600_000 (26 hours, so that it is made every 22); in that proportion to `validity` where that is set
   */
  threshold?: number
  /**
   * How long after a failure an announcement is tried again at the latest, in ms: first after a minute, and twice as long after each further one.
   *
   * @default 3_600_000 (1 hour)
   */
  interval?: number
  /**
   * How long other nodes keep an announcement, in ms.
   *
   * @default 172_800_000 (48 hours)
   */
  validity?: number
}

/** How this node publishes again what it has published: signed records, overlays it has joined, values put with `republish`. */
export interface RepublishInit {
  /**
   * How long after it was stored a value is stored again, in ms; by chance up to a tenth earlier.
   *
   * @default 79_200_000 (22 hours)
   */
  validity?: number
  /**
   * How often to look for what is due, in ms.
   *
   * @default 3_600_000 (1 hour)
   */
  interval?: number
  /**
   * Values at once.
   *
   * @default 5
   */
  concurrency?: number
  /**
   * Values that may wait in memory; the walk over all of them pauses meanwhile.
   *
   * @default 1_024
   */
  maxQueueSize?: number
}

/** How this node keeps the values alive that it holds for others. */
export interface ReplicateInit {
  /**
   * A value that nobody has put here for so long is put to the nearest nodes again, in ms; by chance up to half as long again. Kademlia's hour lets
   * values survive that their publisher does not see to; longer costs fewer messages.
   *
   * @default 3_600_000 (1 hour)
   */
  interval?: number
  /**
   * Values at once.
   *
   * @default 5
   */
  concurrency?: number
  /**
   * Values that may wait; those over that wait for the next look, a minute later.
   *
   * @default 1_000
   */
  maxQueueSize?: number
}

/** Random lookups, for libp2p's peer discovery. The table needs none: it is refreshed where it has to be. */
export interface RandomWalkInit {
  /**
   * Whether there are any.
   *
   * @default false
   */
  enabled?: boolean
  /**
   * Between two walks, in ms.
   *
   * @default 300_000
   */
  interval?: number
  /**
   * Lookups a walk, one after the other.
   *
   * @default 1
   */
  queriesPerPeriod?: number
  /**
   * How long each of them may take, in ms.
   *
   * @default 10_000
   */
  timeout?: number
}

/**
 * How many peers the table takes that one operator is likely to run. The limits apply as soon as the table would hold 2k
 * peers without those over them, so that a small network is not starved, and never to private addresses.
 */
export interface DiversityInit {
  /**
   * The group of the address through which a peer was reached; undefined for one that no limit applies to.
   *
   * @default the /16 of an IPv4 address, the /32 of an IPv6 address, the name of a host
   */
  groupOf?: AddressGroup
  /**
   * Peers of one group in the table.
   *
   * @default 3
   */
  peersPerGroup?: number
  /**
   * Peers of one group in a bucket.
   *
   * @default 2
   */
  peersPerGroupInBucket?: number
}

/** What the node will hold and do at the most. What is over a limit is refused, logged and counted, never dropped in silence. */
export interface LimitsInit {
  /**
   * The longest value stored or put, in bytes. Other implementations may refuse longer ones than the default.
   *
   * @default 10_240
   */
  valueSize?: number
  /**
   * Values stored for others. When there is no place, the one of least use goes, which is one far from this node or about to end; one that is
   * itself of less use than all that are stored is refused.
   *
   * @default 100_000
   */
  storedValues?: number
  /**
   * Bytes of all values stored for others together.
   *
   * @default 268_435_456 (256 MiB)
   */
  storedValueBytes?: number
  /**
   * Values stored for others of one publisher: of the owner of signed records, else of whoever is said to have published them, else of
   * the peer that sent them.
   *
   * @default 1_000
   */
  valuesPerPublisher?: number
  /**
   * The longest signed record stored or published, in bytes, of which key, name and signature take some 200. All nodes of a network should
   * agree on it; at most 10_240.
   *
   * @default 1_024
   */
  signedRecordSize?: number
  /**
   * The longest member list of an overlay, in bytes: 10 KiB hold some 42 members. All nodes of a network should agree on it; at least 1_251.
   *
   * @default 10_240
   */
  memberListSize?: number
  /**
   * How long a validator or a selector may take, in ms, before the value counts as not valid.
   *
   * @default 5_000
   */
  validatorTimeout?: number
  /**
   * Provider records stored for others. When there is no place, those of least use go, which are those of keys far from this node, and of
   * these the ones that lapse soonest; one that is itself of less use than all that are stored is refused. In memory each takes some 50 bytes.
   *
   * @default 1_000_000
   */
  storedProviders?: number
  /**
   * Provider records stored under one key. When there is no place, one goes of the IP group (`diversity.groupOf`) that has most, if it has
   * more than a tenth, and else the one whose provider is farthest from the key; the newcomer is refused where it is that one.
   *
   * @default 500
   */
  providersPerKey?: number
  /**
   * Provider records stored of one provider; further ones are refused. In a small network with one big publisher raise it: each node is
   * among the nearest to every key there.
   *
   * @default 250_000
   */
  providersPerSender?: number
  /**
   * Providers that one search returns.
   *
   * @default 1_000
   */
  foundProviders?: number
  /**
   * Lookups at once. Each has up to `alpha` requests under way.
   *
   * @default 1_000
   */
  queries?: number
  /**
   * Requests of all lookups together that are under way at once; further ones wait their turn. More of them cost memory and
   * sockets; fewer make a node that does much at once slower.
   *
   * @default 4_096
   */
  requests?: number
  /**
   * Requests that one stream may carry before the first of them is answered. With replies of up to 16 KiB the default is what
   * yamux sends at once, 256 KiB; 1 makes each wait for the one before, as go-libp2p does.
   *
   * @default 16
   */
  requestsPerStream?: number
  /**
   * Streams to one peer at once; `maxOutboundStreams` may allow fewer. py-libp2p takes 12, of this and all other protocols.
   *
   * @default 4
   */
  streamsPerPeer?: number
  /**
   * Requests to one peer that may wait for a stream; a further one fails. The default is about as many as there are lookups,
   * each of which asks a peer once.
   *
   * @default 1_024
   */
  waitingPerPeer?: number
  /**
   * Streams kept open for the next request, one a peer. More of them save round trips and cost memory on both ends.
   *
   * @default 256
   */
  warmStreams?: number
  /**
   * Dials at once; further ones wait their turn. libp2p makes 100 at once in Node.js and 50 in a browser, for all services and the
   * application together, so a node that does little else may take more, and lookups among many dead peers are the faster.
   *
   * @default 25
   */
  dials?: number
}

/** All options have defaults that suit a node of the public network. */
export interface KadDHTInit {
  /**
   * Kademlia's k: peers a bucket, and how many nodes hold a value. All nodes of a network should agree on it.
   *
   * @default 20
   */
  kBucketSize?: number
  /**
   * Accepted for compatibility, without effect: buckets are split by common prefix length.
   */
  kBucketSplitThreshold?: number
  /**
   * Kademlia's α: requests of one lookup at once, all its paths together. More is faster and costs more messages.
   *
   * @default 10
   */
  alpha?: number
  /**
   * S/Kademlia's d: paths of a lookup on which no peer is asked twice. More of them withstand more hostile peers and cost
   * more messages; they share `alpha`.
   *
   * @default 1
   */
  disjointPaths?: number
  /**
   * Accepted for compatibility, without effect: what lookups teach the table takes no time.
   */
  routingTableUpdateQueueConcurrency?: number
  /**
   * Accepted for compatibility, without effect: what lookups teach the table waits in no queue.
   */
  routingTableUpdateMaxQueueSize?: number
  /**
   * Accepted for compatibility, without effect: the table is at full depth near oneself.
   */
  prefixLength?: number
  /**
   * true: never answer requests. false: always answer them, as on a LAN or in tests. Left out: answer while libp2p knows a
   * public address of this node.
   */
  clientMode?: boolean
  /** What is best of several values of a namespace. `pk`, `ipns`, `sig` and `overlay` are built in. */
  selectors?: Selectors
  /** What is valid in a namespace. `pk`, `ipns`, `sig` and `overlay` are built in. Keys of other namespaces are refused. */
  validators?: Validators
  /**
   * How often to look for the own neighbourhood, in ms.
   *
   * @default 300_000
   */
  querySelfInterval?: number
  /**
   * The same after the first peer was met, in ms; it grows to `querySelfInterval`.
   *
   * @default 1_000
   */
  initialQuerySelfInterval?: number
  /**
   * false: with an empty routing table an operation waits up to ten seconds for the first peer. true: it fails at once.
   *
   * @default false
   */
  allowQueryWithZeroPeers?: boolean
  /**
   * The protocol to speak. Nodes with different ones form different networks.
   *
   * @default "/ipfs/kad/1.0.0"
   */
  protocol?: string
  /**
   * The prefix of the log's component names.
   *
   * @default "libp2p:kad-dht"
   */
  logPrefix?: string
  /**
   * The prefix of the datastore's keys. Two DHTs on one datastore need different ones.
   *
   * @default "/dht"
   */
  datastorePrefix?: string
  /**
   * The prefix of the metrics' names. Two DHTs on one node need different ones.
   *
   * @default "libp2p_kad_dht"
   */
  metricsPrefix?: string
  /** How long a peer of the table may take to say that it is there; `maxTimeout` counts. */
  pingOldContactTimeout?: TimeoutInit
  /**
   * Peers of the table that are asked at once whether they are there.
   *
   * @default 20
   */
  pingOldContactConcurrency?: number
  /**
   * How many of them may wait to be asked.
   *
   * @default 100
   */
  pingOldContactMaxQueueSize?: number
  /** How long a new peer may take to say that it is there; `maxTimeout` counts. */
  pingNewContactTimeout?: TimeoutInit
  /**
   * New peers that are asked at once whether they are there.
   *
   * @default 20
   */
  pingNewContactConcurrency?: number
  /**
   * How many of them may wait to be asked.
   *
   * @default 100
   */
  pingNewContactMaxQueueSize?: number
  /**
   * Inbound streams that one connection may have on the protocol.
   *
   * @default 32
   */
  maxInboundStreams?: number
  /**
   * Outbound streams that one connection may have on the protocol.
   *
   * @default 64
   */
  maxOutboundStreams?: number
  /**
   * Peers to join through, as multiaddrs that end in `/p2p/<peer id>`. They are asked when nobody else is known, which with a
   * datastore that lasts is the first time only, and then left in peace.
   *
   * @default []
   */
  seeds?: Array<Multiaddr | string>
  /** Random lookups, for libp2p's peer discovery. */
  randomWalk?: RandomWalkInit
  /** How many peers the table takes that one operator is likely to run. */
  diversity?: DiversityInit
  /** How provider records of others are kept. */
  providers?: ProvidersInit
  /** How this node announces again what it provides. */
  reprovide?: ReProvideInit
  /** How this node publishes again what it has published. */
  republish?: RepublishInit
  /** How this node keeps the values alive that it holds for others. */
  replicate?: ReplicateInit
  /**
   * How many values that were read are remembered, each for as long as it says that it may be. Records of `/sig` and `/ipns` say so.
   *
   * @default 0
   */
  readCache?: number
  /**
   * Every peer that comes in or goes out passes it: it leaves the addresses that may be used. For a LAN take
   * `removePublicAddressesMapper`, for tests on one machine `passthroughMapper`.
   *
   * @default removePrivateAddressesMapper
   */
  peerInfoMapper?: PeerInfoMapper
  /**
   * How long a request may take: after an adaptive time of at least `minTimeout` (default 500 ms) it counts as slow, and
   * its lookup goes on with others; after `maxTimeout` (default 10_000 ms) it is given up.
   */
  networkDialTimeout?: TimeoutInit
  /**
   * How long a newly connected peer may take to show that it serves the protocol, in ms.
   *
   * @default 10_000
   */
  onPeerConnectTimeout?: number
  /**
   * How long an inbound request may take, from its first byte to its answer, in ms.
   *
   * @default 10_000
   */
  incomingMessageTimeout?: number
  /** What the node will hold and do at the most. */
  limits?: LimitsInit
}
