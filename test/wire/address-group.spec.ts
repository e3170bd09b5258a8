import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { networkOf } from '../../src/wire/address-group.ts'
import { hashedId, peerIdOf } from '../helpers/contacts.ts'

const PEER = peerIdOf(hashedId(1)).toString()
const RELAY = peerIdOf(hashedId(2)).toString()

function groupOf (address: string): string | undefined {
  return networkOf(multiaddr(address))
}

/** Of all of these, each of which has a group. */
function groupsOf (...addresses: string[]): Set<string | undefined> {
  const groups = addresses.map(groupOf)
  expect(groups).to.not.include(undefined)

  return new Set(groups)
}

describe('the network of an address', () => {
  it('is the /16 of an IPv4 address, whatever follows it', () => {
    expect(groupsOf(
      '/ip4/1.2.3.4/tcp/4001', '/ip4/1.2.255.255/tcp/80/ws', '/ip4/1.2.0.0/udp/4001/quic-v1', '/ip4/1.2.9.9', `/ip4/1.2.3.4/tcp/1/p2p/${PEER}`
    )).to.have.lengthOf(1)
    expect(groupsOf('/ip4/1.2.3.4/tcp/1', '/ip4/1.3.3.4/tcp/1', '/ip4/2.2.3.4/tcp/1', '/ip4/12.3.4.5/tcp/1', '/ip4/1.23.4.5/tcp/1')).to.have.lengthOf(5)
  })

  it('is the /32 of an IPv6 address, however it is written', () => {
    expect(groupsOf(
      '/ip6/2a01:4f8::1/tcp/1', '/ip6/2a01:04f8:0000:0000:0000:0000:0000:0001/tcp/1', '/ip6/2A01:4F8:FFFF::/tcp/1', '/ip6/2a01:4f8:1:2:3:4:5:6/udp/1/quic-v1',
      '/ip6/2a01:4f8:0:0::5/tcp/1', '/ip6zone/eth0/ip6/2a01:4f8::9/tcp/1'
    )).to.have.lengthOf(1)
    expect(groupsOf(
      '/ip6/2a01:4f8::1/tcp/1', '/ip6/2a01:4f9::1/tcp/1', '/ip6/2a02:4f8::1/tcp/1', '/ip6/2a01:4f80::1/tcp/1', '/ip6/2a01:4f::8/tcp/1'
    )).to.have.lengthOf(5)
  })

  it('is right where the zeros that :: stands for reach into the first two parts', () => {
    expect(groupsOf('/ip6/2a01::1/tcp/1', '/ip6/2a01:0:ffff::1/tcp/1', '/ip6/2a01:0::/tcp/1', '/ip6/2a01:0:1:2:3:4:5:6/tcp/1')).to.have.lengthOf(1)
    expect(groupsOf('/ip6/2a01::4f8/tcp/1', '/ip6/2a01:4f8::/tcp/1')).to.have.lengthOf(2)
    expect(groupsOf('/ip6/::5:1:2:3/tcp/1', '/ip6/0:0:0:0:5:1:2:3/tcp/1')).to.have.lengthOf(1)
    expect(groupsOf('/ip6/::5:6:7:8:9:a:b/tcp/1', '/ip6/0:5:6:7:8:9:a:b/tcp/1')).to.have.lengthOf(1)
  })

  it('is never shared by an IPv4 and an IPv6 address, or by a host, for the likeness of their texts', () => {
    expect(groupsOf('/ip4/16.32.1.1/tcp/1', '/ip6/16:32::1/tcp/1', '/dns4/16.32/tcp/1')).to.have.lengthOf.at.least(2)
    expect(groupOf('/ip4/16.32.1.1/tcp/1')).to.not.equal(groupOf('/ip6/16:32::1/tcp/1'))
  })

  it('is that of the IPv4 address in an IPv6 address which is made of one, as two-stack sockets write it', () => {
    expect(groupsOf('/ip6/::ffff:1.2.3.4/tcp/1', '/ip6/::ffff:102:900/tcp/1', '/ip4/1.2.77.1/tcp/1')).to.have.lengthOf(1)
    expect(groupsOf('/ip6/::ffff:1.2.3.4/tcp/1', '/ip6/::ffff:9.9.9.9/tcp/1')).to.have.lengthOf(2)
  })

  it('is the name of a host where the address has one, however it is written', () => {
    expect(groupsOf('/dns4/node.example/tcp/1', '/dns6/node.example/tcp/2', '/dns/node.example/tcp/443/tls/ws', '/dnsaddr/node.example')).to.have.lengthOf(1)
    expect(groupsOf('/dns4/a.example/tcp/1', '/dns4/b.example/tcp/1')).to.have.lengthOf(2)
    // names are the same in capitals, and with the dot of the root: else one name would make any number of groups
    expect(groupsOf('/dns4/node.example/tcp/1', '/dns4/NODE.example/tcp/1', '/dns4/Node.Example/tcp/1')).to.have.lengthOf(1)
  })

  it('is that of the relay for a relayed peer', () => {
    expect(groupOf(`/ip4/8.8.4.4/tcp/1/p2p/${RELAY}/p2p-circuit/p2p/${PEER}`)).to.equal(groupOf('/ip4/8.8.1.1/tcp/1'))
    expect(groupOf(`/ip6/2a01:4f8::1/udp/1/quic-v1/p2p/${RELAY}/p2p-circuit/webrtc/p2p/${PEER}`)).to.equal(groupOf('/ip6/2a01:4f8::2/tcp/1'))
  })

  for (const [name, ...addresses] of [
    ['private', '/ip4/10.1.2.3/tcp/1', '/ip4/172.16.0.1/tcp/1', '/ip4/172.31.255.255/tcp/1', '/ip4/192.168.1.1/tcp/1', '/ip4/100.64.0.1/tcp/1', '/ip6/fc00::1/tcp/1', '/ip6/fd12:3456:789a::1/tcp/1'],
    ['loopback', '/ip4/127.0.0.1/tcp/1', '/ip4/127.9.9.9/tcp/1', '/ip6/::1/tcp/1', '/ip6/0:0:0:0:0:0:0:1/tcp/1', '/dns4/localhost/tcp/1', '/ip6/::ffff:127.0.0.1/tcp/1'],
    ['link-local', '/ip4/169.254.1.1/tcp/1', '/ip6/fe80::1/tcp/1', '/ip6zone/eth0/ip6/fe80::1/tcp/1', '/ip6/febf::1/tcp/1'],
    ['of no network', '/memory/test', `/p2p/${PEER}`]
  ]) {
    it(`is none for one that is ${name}`, () => {
      for (const address of addresses) {
        expect(groupOf(address), address).to.equal(undefined)
      }
    })
  }

  it('begins right beside the private ones', () => {
    expect(groupsOf('/ip4/172.15.0.1/tcp/1', '/ip4/172.32.0.1/tcp/1', '/ip4/192.167.0.1/tcp/1', '/ip4/11.0.0.1/tcp/1', '/ip4/100.128.0.1/tcp/1', '/ip6/fec0::1/tcp/1', '/ip6/fbff::1/tcp/1')).to.have.lengthOf(7)
  })
})
