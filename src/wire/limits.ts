// Every limit on what is sent and accepted, with its source. What a peer may not do it is not told, it is reset.

/** The longest message that is read, bytes: go-libp2p's `network.MessageSizeMax`. */
export const MAX_MESSAGE_READ = 4 * 1024 * 1024

/** The longest message that is sent, bytes: rust-libp2p's codec takes no longer ones. */
export const MAX_MESSAGE_SENT = 16 * 1024

/** The longest `key` of FIND_NODE, GET_VALUE and PUT_VALUE, bytes. */
export const MAX_KEY = 1024

/** The longest `key` of ADD_PROVIDER and GET_PROVIDERS, bytes: the longest multihash that go-libp2p takes. */
export const MAX_PROVIDER_KEY = 80

/** The longest value of a record unless the operator raises it, bytes: the limit of an IPNS record. */
export const MAX_VALUE = 10 * 1024

/** The longest serialised peer that is sent, bytes; trailing addresses are dropped to get there. */
export const MAX_PEER = 8 * 1024

/** The longest multihash of a peer id, bytes: an inlined public key of 42 bytes and its two bytes of prefix, or a sha2-256. */
export const MAX_PEER_ID = 44

/** The longest serialised peer that is read, bytes: as many addresses as are read, of the longest. */
export const MAX_PEER_READ = 20 * 1024

/** A peer with more addresses than this is passed over: each takes two bytes of a message, and fifty of memory. */
export const MAX_ADDRESSES_COUNTED = 256

/** The most addresses of one peer that are read; IPFS nodes behind several relays have about 20. */
export const MAX_ADDRESSES = 32

/** The most addresses of one peer that whoever names it again adds, and the most of all who have named it: nobody is to leave no place for others. */
export const MAX_FURTHER_ADDRESSES = 8
export const MAX_KNOWN_ADDRESSES = 4 * MAX_ADDRESSES

/** The longest address that is read, bytes; a WebTransport address with two certificate hashes over a relay has about 200. */
export const MAX_ADDRESS = 512

/** The most entries of `closer` or `providers` in a reply; of a reply's peers the first 2k are used, the rest is passed over. */
export const MAX_REPLY_PEERS = 65_536

/** The most entries of `closer` or `providers` in a request, of which a well-behaved one has a handful. */
export const MAX_REQUEST_PEERS = 256

/** Unread bytes of an inbound stream above which its reading pauses: a peer that sends faster than it is served has to wait. */
export const MAX_UNSERVED = 256 * 1024
