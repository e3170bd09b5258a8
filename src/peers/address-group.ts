// Peers that one operator is likely to run: those whose addresses are of one network.

import { isPrivate } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'

const CODE_IP4 = 4
const CODE_IP6 = 41

/** What names a host: dns, dns4, dns6, dnsaddr. */
const CODES_DNS = [53, 54, 55, 56]

/** An address through which a peer was reached, to the group that the peer is of; undefined for one that no limit applies to. */
export interface AddressGroup {
  (address: Multiaddr): string | undefined
}

/**
 * The /16 of an IPv4 address and the /32 of an IPv6 one, as in go-libp2p-kad-dht: what a provider or an institution is given as
 * one. The name of a host where the address has one. Private and loopback addresses are of no group: on a LAN all peers are
 * neighbours. A relayed peer is of its relay's group.
 */
export function networkOf (address: Multiaddr): string | undefined {
  if (isPrivate(address)) {
    return
  }

  for (const { code, value } of address.getComponents()) {
    if (code === CODE_IP4) {
      return value?.split('.', 2).join('.')
    }

    if (code === CODE_IP6 && value != null) {
      return networkOf6(value)
    }

    if (CODES_DNS.includes(code)) {
      return value
    }
  }
}

/** The first two of the eight parts; `::` stands for as many zeros as are left out. */
function networkOf6 (address: string): string {
  const [head, tail] = address.split('::')
  const leading = head.split(':').filter(part => part !== '')
  const left = tail == null ? [] : Array.from({ length: Math.max(0, 8 - leading.length - tail.split(':').filter(part => part !== '').length) }, () => '0')

  return [...leading, ...left, ...(tail ?? '').split(':')].slice(0, 2).map(part => Number.parseInt(part, 16).toString(16)).join(':')
}
