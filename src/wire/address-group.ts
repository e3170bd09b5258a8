// Peers that one operator is likely to run: those whose addresses are of one network.

import { isPrivate } from '@libp2p/utils'
import { CODE_DNS, CODE_DNS4, CODE_DNS6, CODE_DNSADDR, CODE_IP4, CODE_IP6 } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'

/** What names a host. */
const CODES_DNS = [CODE_DNS, CODE_DNS4, CODE_DNS6, CODE_DNSADDR]

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
    if (value != null && code === CODE_IP4) {
      return networkOf4(value)
    }

    if (value != null && code === CODE_IP6) {
      return networkOf6(value)
    }

    if (CODES_DNS.includes(code)) {
      return value?.toLowerCase().replace(/\.$/, '')
    }
  }
}

function networkOf4 (address: string): string {
  return address.split('.', 2).join('.')
}

/** The first two of the eight parts; `::` stands for as many zeros as are left out. */
function networkOf6 (address: string): string {
  const [head, tail = ''] = address.split('::').map(half => half.split(':').filter(part => part !== ''))
  const parts = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => '0'), ...tail].map(part => Number.parseInt(part, 16))
  const [first, second, , , , mark, high] = parts

  // an IPv4 address as sockets for both write it (RFC 4291, section 2.5.5.2)
  if (mark === 0xffff && parts.slice(0, 5).every(part => part === 0)) {
    return `${high >> 8}.${high & 0xff}`
  }

  return `${first.toString(16)}:${second.toString(16)}`
}
