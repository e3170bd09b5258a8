// Which addresses may be used, by the kind of network. A mapper is applied to every peer that comes in or goes out.

import { isPrivate } from '@libp2p/utils'
import type { PeerInfo } from '@libp2p/interface'

/** For the public network: leaves out private, loopback and link-local addresses. */
export function removePrivateAddressesMapper (peer: PeerInfo): PeerInfo {
  return { ...peer, multiaddrs: peer.multiaddrs.filter(addr => !isPrivate(addr)) }
}

/** For a LAN: leaves only private, loopback and link-local addresses. */
export function removePublicAddressesMapper (peer: PeerInfo): PeerInfo {
  return { ...peer, multiaddrs: peer.multiaddrs.filter(addr => isPrivate(addr)) }
}

/** Leaves all addresses, for networks of any kind and for tests. */
export function passthroughMapper (peer: PeerInfo): PeerInfo {
  return peer
}
