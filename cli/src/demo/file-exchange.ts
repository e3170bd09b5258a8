// A small protocol of the demo's own to fetch a file: the CID goes one way, behind its length, the file's bytes the other,
// until the end. What a DHT finds is only who has something; getting it is up to another protocol, such as this or Bitswap.

import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { lpStream, messageStreamToDuplex } from '@libp2p/utils'
import { pipe } from 'it-pipe'
import { CID } from 'multiformats/cid'
import { FileHash } from '../file.ts'
import type { KadNode } from '../node.ts'
import type { PeerInfo, Stream } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'

export const FILE_PROTOCOL = '/kad-demo/file/1.0.0'

/** The longest CID that is read, bytes. */
const MAX_CID = 127

/** How long the CID may take to come, ms. */
const REQUEST_TIMEOUT = 10_000

/** Serves the files, by CID. */
export async function serveFiles (node: KadNode, files: Map<string, string>): Promise<void> {
  await node.handle(FILE_PROTOCOL, async stream => {
    try {
      const request = lpStream(stream, { maxDataLength: MAX_CID })
      const cid = CID.decode((await request.read({ signal: AbortSignal.timeout(REQUEST_TIMEOUT) })).subarray())
      const path = files.get(cid.toString())

      if (path == null) {
        throw new Error('There is no such file here')
      }

      await pipe(createReadStream(path), async file => send(file, request.unwrap()))
    } catch (error: any) {
      stream.abort(error)
    }
  })
}

async function send (file: AsyncIterable<Uint8Array>, stream: Stream): Promise<void> {
  for await (const bytes of file) {
    if (!stream.send(bytes)) {
      await stream.onDrain()
    }
  }

  await stream.close()
}

/**
 * Dials the peer and fetches a file into `path`. The bytes are hashed as they come.
 *
 * @throws {Error} when what comes is not what the CID names
 */
export async function fetchFile (node: KadNode, { id, multiaddrs }: PeerInfo, cid: CID, path: string, signal: AbortSignal): Promise<{ size: number }> {
  const addresses = multiaddrs.map(address => address.encapsulate(`/p2p/${id.toString()}`))
  // also if the lookup has left a connection: that the addresses are right is part of what was found
  const connection = await node.dial(addresses, { force: true, signal })
  const onAbort = (): void => { connection.abort(new Error('Given up')) }
  signal.addEventListener('abort', onAbort)

  try {
    const stream = await connection.newStream(FILE_PROTOCOL, { signal })
    const hash = new FileHash()
    // listens before it asks: an end that comes while nobody listens is never heard of
    const { source } = messageStreamToDuplex(stream)
    // a length below 128 is its own varint. The request has one, for its end too could come before anybody listens
    stream.send(Uint8Array.of(cid.bytes.byteLength, ...cid.bytes))
    await pipe(source, file => hashed(file, hash), async checked => write(checked, path))

    if (!hash.cid().equals(cid)) {
      throw new Error(`What came is not the file: its CID is ${hash.cid().toString()}`)
    }

    return { size: hash.size }
  } catch (error: any) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
    await connection.close()
  }
}

async function * hashed (file: AsyncIterable<Uint8Array | Uint8ArrayList>, hash: FileHash): AsyncGenerator<Uint8Array> {
  for await (const part of file) {
    const bytes = part.subarray()
    hash.update(bytes)
    yield bytes
  }
}

async function write (file: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  await pipeline(file, createWriteStream(path))
}
