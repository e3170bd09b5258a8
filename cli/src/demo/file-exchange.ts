// A small protocol of the demo's own to fetch a file: the CID goes one way, the file's bytes the other. What a DHT finds is
// only who has something; getting it is up to another protocol, such as this one or Bitswap.

import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { messageStreamToDuplex } from '@libp2p/utils'
import { pipe } from 'it-pipe'
import { CID } from 'multiformats/cid'
import { FileHash } from '../file.ts'
import type { KadNode } from '../node.ts'
import type { PeerInfo } from '@libp2p/interface'

export const FILE_PROTOCOL = '/kad-demo/file/1.0.0'

/** The longest CID that is read, bytes. */
const MAX_CID = 128

type Bytes = AsyncIterable<Uint8Array | { subarray(): Uint8Array }>

/** Serves the files, by CID. */
export async function serveFiles (node: KadNode, files: Map<string, string>): Promise<void> {
  await node.handle(FILE_PROTOCOL, async stream => {
    try {
      const duplex = messageStreamToDuplex(stream)
      await pipe(duplex, (request: Bytes) => answer(request, files), duplex)
    } catch (error: any) {
      stream.abort(error)
    }
  })
}

async function * answer (request: Bytes, files: Map<string, string>): AsyncGenerator<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0

  for await (const part of request) {
    parts.push(part.subarray())
    size += part.subarray().byteLength

    if (size > MAX_CID) {
      throw new Error('That is no CID')
    }
  }

  const path = files.get(CID.decode(Buffer.concat(parts)).toString())

  if (path == null) {
    throw new Error('There is no such file here')
  }

  yield * createReadStream(path)
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
    await pipe([cid.bytes], messageStreamToDuplex(stream), (file: Bytes) => hashed(file, hash), async checked => write(checked, path))

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

async function * hashed (file: Bytes, hash: FileHash): AsyncGenerator<Uint8Array> {
  for await (const part of file) {
    const bytes = part.subarray()
    hash.update(bytes)
    yield bytes
  }
}

async function write (file: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  await pipeline(file, createWriteStream(path))
}
